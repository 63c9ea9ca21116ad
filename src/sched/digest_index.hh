#pragma once

#include "object/digest.hh"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace sched {

// digest -> small number, with the digests kept elsewhere: `key_of(number)` says the one it stands for. Open
// addressing, at most 12 bytes an entry (an unordered_map takes 72). Keys are SHA-256, so their bits are
// mixed already.
class DigestIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  template <class KeyOf>
  [[nodiscard]] uint32_t find(const object::Digest& key, const KeyOf& key_of) const {
    const size_t at = slot_of(key, key_of);
    return at == kNoSlot ? kNone : slots_[at];
  }

  // Replaces what stood under the key. `key_of(number)` must already say `key`.
  template <class KeyOf>
  void put(const object::Digest& key, uint32_t number, const KeyOf& key_of) {
    if (const size_t at = slot_of(key, key_of); at != kNoSlot) {
      slots_[at] = number;
      return;
    }
    if (3 * (used_ + 1) > 2 * slots_.size()) {
      rebuild(key_of);
    }
    insert(key, number);
    ++live_;
  }

  template <class KeyOf>
  void erase(const object::Digest& key, const KeyOf& key_of) {
    if (const size_t at = slot_of(key, key_of); at != kNoSlot) {
      slots_[at] = kErased;
      --live_;
    }
  }

 private:
  static constexpr uint32_t kErased = UINT32_MAX - 1;
  static constexpr size_t kNoSlot = SIZE_MAX;

  [[nodiscard]] size_t home(const object::Digest& key) const {
    return std::hash<object::Digest>{}(key) & (slots_.size() - 1);
  }

  template <class KeyOf>
  [[nodiscard]] size_t slot_of(const object::Digest& key, const KeyOf& key_of) const {
    if (slots_.empty()) {
      return kNoSlot;
    }
    for (size_t at = home(key); slots_[at] != kNone; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] != kErased && key_of(slots_[at]) == key) {
        return at;
      }
    }
    return kNoSlot;
  }

  void insert(const object::Digest& key, uint32_t number) {
    size_t at = home(key);
    while (slots_[at] != kNone) {
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = number;
    ++used_;
  }

  template <class KeyOf>
  void rebuild(const KeyOf& key_of) {
    size_t size = 64;
    while (size < 3 * (live_ + 1)) {
      size *= 2;
    }
    const std::vector<uint32_t> old = std::exchange(slots_, std::vector<uint32_t>(size, kNone));
    used_ = 0;
    for (const uint32_t number : old) {
      if (number < kErased) {
        insert(key_of(number), number);
      }
    }
  }

  std::vector<uint32_t> slots_;  // a power of two of them
  size_t used_ = 0;              // live and erased
  size_t live_ = 0;
};

}  // namespace sched
