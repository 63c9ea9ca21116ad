#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace sched {

// A growing array whose elements never move: references stay good, and growth copies nothing (a million
// nodes would otherwise be held twice for a moment).
template <class T, size_t kPerChunk = 256>
class Slab {
 public:
  [[nodiscard]] size_t size() const { return size_; }

  T& operator[](size_t at) { return (*chunks_[at / kPerChunk])[at % kPerChunk]; }

  const T& operator[](size_t at) const { return (*chunks_[at / kPerChunk])[at % kPerChunk]; }

  T& grow() {
    if (size_ == chunks_.size() * kPerChunk) {
      chunks_.push_back(std::make_unique<std::array<T, kPerChunk>>());
    }
    return (*this)[size_++];
  }

 private:
  std::vector<std::unique_ptr<std::array<T, kPerChunk>>> chunks_;
  size_t size_ = 0;
};

}  // namespace sched
