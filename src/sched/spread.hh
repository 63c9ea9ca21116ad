#pragma once

#include "base/clock.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace sched {

// How long things of one kind take: a histogram with four steps an octave, so a percentile comes out at most
// a quarter too high. Takes 1 KiB however many are counted.
class Spread {
 public:
  void count(base::Nanoseconds took) {
    ++steps_.at(step_of(took));
    ++counted_;
  }

  [[nodiscard]] uint64_t counted() const { return counted_; }

  // So many percent of all took this long or less. Something must have been counted.
  [[nodiscard]] base::Nanoseconds percentile(unsigned percent) const {
    const uint64_t wanted = std::max<uint64_t>(1, (counted_ * percent + 99) / 100);
    uint64_t below = 0;
    unsigned step = 0;
    while ((below += steps_.at(step)) < wanted) {
      ++step;
    }
    return end_of(step);
  }

 private:
  // The highest bit says the octave, the two below it the step; times below 4 ns are a step each.
  static unsigned step_of(base::Nanoseconds took) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0));
    if (value < 4) {
      return static_cast<unsigned>(value);
    }
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 2;
    return 4 * octave + (static_cast<unsigned>(value >> (octave - 1)) & 3U);
  }

  static base::Nanoseconds end_of(unsigned step) {
    if (step < 4) {
      return base::Nanoseconds(step);
    }
    const unsigned octave = step / 4;
    const uint64_t next = uint64_t{4 + step % 4 + 1} << (octave - 1);
    return base::Nanoseconds(static_cast<int64_t>(next - 1));
  }

  std::array<uint32_t, 256> steps_{};
  uint64_t counted_ = 0;
};

}  // namespace sched
