#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace model::scan {

// A hash map from 64 bits to 32 that is emptied at no cost, to be used for one translation unit after
// another.
class EpochMap {
 public:
  void clear() {
    if (++epoch_ == 0) {
      slots_.assign(slots_.size(), Slot{});
      epoch_ = 1;
    }
    count_ = 0;
  }

  [[nodiscard]] std::optional<uint32_t> find(uint64_t key) const {
    const Slot& slot = slots_[place(key)];
    return slot.epoch == epoch_ ? std::optional<uint32_t>(slot.value) : std::nullopt;
  }

  void set(uint64_t key, uint32_t value) {
    if (count_ * 2 >= slots_.size()) {
      grow();
    }
    Slot& slot = slots_[place(key)];
    count_ += slot.epoch == epoch_ ? 0 : 1;
    slot = {key, value, epoch_};
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t value = 0;
    uint32_t epoch = 0;
  };

  [[nodiscard]] size_t place(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (key * 0x9E3779B97F4A7C15ULL >> 32U) & mask;
    while (slots_[at].epoch == epoch_ && slots_[at].key != key) {
      at = (at + 1) & mask;
    }
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.epoch == epoch_) {
        slots_[place(slot.key)] = slot;
      }
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  uint32_t epoch_ = 1;
  size_t count_ = 0;
};

}  // namespace model::scan
