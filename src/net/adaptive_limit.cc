#include "net/adaptive_limit.hh"

#include <algorithm>

namespace net {

AdaptiveLimit::Place AdaptiveLimit::enter() {
  std::unique_lock lock(mutex_);
  left_.wait(lock, [this] { return under_way_ < static_cast<unsigned>(limit_); });
  ++under_way_;
  return Place(*this);
}

void AdaptiveLimit::leave() {
  {
    const std::scoped_lock lock(mutex_);
    --under_way_;
  }
  left_.notify_one();
}

void AdaptiveLimit::succeeded() {
  {
    const std::scoped_lock lock(mutex_);
    ++since_cut_;
    limit_ = std::min(most_, limit_ + 1 / limit_);
  }
  left_.notify_one();
}

void AdaptiveLimit::overloaded() {
  const std::scoped_lock lock(mutex_);
  // All that were under way at the cut are refused together, which says one thing once.
  if (since_cut_ >= static_cast<unsigned>(limit_)) {
    limit_ = std::max(1.0, limit_ / 2);
    since_cut_ = 0;
  } else {
    ++since_cut_;
  }
}

double AdaptiveLimit::limit() const {
  const std::scoped_lock lock(mutex_);
  return limit_;
}

}  // namespace net
