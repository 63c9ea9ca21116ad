#pragma once

#include <mutex>
#include <utility>

namespace base {

// Shared data lives inside its lock: `counts.with([&](Counts& c) { ++c.hits; })`.
// The function must not call back into the same Guarded (the mutex is not recursive).
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& function) {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(function)(value_);
  }

  template <class F>
  decltype(auto) with(F&& function) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace base
