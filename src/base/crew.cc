#include "base/crew.hh"

#include <algorithm>
#include <utility>

namespace base {

Crew::Crew(unsigned most_threads, AtEnd at_end)
    : most_threads_(std::max(most_threads, 1U)), at_end_(at_end) {}

Crew::~Crew() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
    if (at_end_ == AtEnd::Dropped) {
      tasks_.clear();
    }
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Crew::run(std::function<void()> task) {
  // Told under the lock: once the task is done, whoever waited for it may destroy this.
  const std::scoped_lock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (!is_ending_ && idle_ < tasks_.size() && threads_.size() < most_threads_) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

void Crew::work() noexcept {
  while (true) {
    std::unique_lock lock(mutex_);
    ++idle_;
    changed_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) {
      return;
    }
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }
}

}  // namespace base
