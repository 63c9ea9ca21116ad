#pragma once

#include <chrono>

namespace base {

using Nanoseconds = std::chrono::nanoseconds;

// Time comes from here and nowhere else, so that a test can hold it. Safe from any thread.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // Since an arbitrary start; never goes back. For durations and deadlines.
  [[nodiscard]] virtual Nanoseconds steady() const = 0;

  // Since 1970-01-01 UTC; may jump. For what a person reads and for file times.
  [[nodiscard]] virtual Nanoseconds wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds steady() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }

  [[nodiscard]] Nanoseconds wall() const override {
    return std::chrono::system_clock::now().time_since_epoch();
  }
};

}  // namespace base
