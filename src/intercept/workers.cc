#include "intercept/workers.hh"

#include <algorithm>
#include <utility>

namespace intercept {

Workers::Workers(unsigned most) : most_(std::max(1U, most)) {}

Workers::~Workers() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Workers::post(std::function<void()> work) {
  // Told under the lock: once the work is done, whoever waited for it may destroy this.
  const std::scoped_lock lock(mutex_);
  queue_.push_back(std::move(work));
  if (!ending_ && idle_ < queue_.size() && threads_.size() < most_) {
    threads_.emplace_back([this] { run(); });
  }
  changed_.notify_one();
}

void Workers::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    ++idle_;
    changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) {
      return;
    }
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
  }
}

}  // namespace intercept
