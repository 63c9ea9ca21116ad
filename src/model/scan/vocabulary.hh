#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

// Strings as small dense numbers, for a session: the same text, the same number, from 1. Never forgets.
// Thread-safe; `text` takes no lock.
class Names {
 public:
  Names();
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  [[nodiscard]] uint32_t number(std::string_view text);

  // Valid as long as this object. `number` must have come from here.
  [[nodiscard]] std::string_view text(uint32_t number) const {
    return chunks_[number >> kChunkBits].load(std::memory_order_acquire)[number & (kChunk - 1)];
  }

  [[nodiscard]] uint32_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr uint32_t kChunkBits = 14;
  static constexpr uint32_t kChunk = 1U << kChunkBits;
  static constexpr uint32_t kChunks = 1U << 12;  // 67 million names; more is refused loudly

  void grow();
  std::string_view keep(std::string_view text);

  std::mutex mutex_;
  std::vector<uint32_t> slots_;  // open addressing; 0 is free
  std::vector<uint32_t> hashes_;
  std::array<std::atomic<std::string_view*>, kChunks> chunks_{};
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_left_ = 0;
  char* block_at_ = nullptr;
  std::atomic<uint32_t> count_{0};
};

// Identifiers that the preprocessor itself knows; their numbers are the same in every vocabulary.
enum class Known : uint32_t {
  None,
#define MODEL_SCAN_KNOWN(name, text) name,
#include "model/scan/known.inc"
#undef MODEL_SCAN_KNOWN
  End
};

// What a session's headers are spelled with.
struct Vocabulary {
  Vocabulary();

  Names identifiers;  // begins with Known
  Names spellings;    // numbers, literals, punctuators, header names
};

[[nodiscard]] constexpr bool is(uint32_t identifier, Known known) {
  return identifier == static_cast<uint32_t>(known);
}

}  // namespace model::scan
