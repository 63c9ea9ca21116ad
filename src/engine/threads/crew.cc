#include "engine/threads/crew.hh"

#include <algorithm>
#include <utility>

namespace engine {

Crew::Crew(unsigned most_threads) : most_threads_(std::max(most_threads, 1U)) {}

Crew::~Crew() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    tasks_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Crew::run(std::function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < most_threads_) {
      threads_.emplace_back([this] { work(); });
    }
  }
  changed_.notify_one();
}

void Crew::work() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
    --idle_;
    if (closing_) {
      return;
    }
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace engine
