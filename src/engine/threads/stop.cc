#include "engine/threads/stop.hh"

#include <utility>

namespace engine {

void Stop::raise() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(raised_, true) && callback_) {
    callback_();
  }
}

bool Stop::raised() const {
  const std::scoped_lock lock(mutex_);
  return raised_;
}

Stop::Listener::Listener(Stop& stop, std::function<void()> callback) : stop_(stop) {
  const std::scoped_lock lock(stop_.mutex_);
  stop_.callback_ = std::move(callback);
  if (stop_.raised_) {
    stop_.callback_();
  }
}

Stop::Listener::~Listener() {
  const std::scoped_lock lock(stop_.mutex_);
  stop_.callback_ = nullptr;
}

}  // namespace engine
