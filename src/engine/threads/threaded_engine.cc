#include "engine/threads/threaded_engine.hh"

#include <algorithm>
#include <utility>

namespace engine {

ThreadedEngine::ThreadedEngine(sched::Capacity capacity, Execute execute, Post post)
    : capacity_(std::move(capacity)), execute_(std::move(execute)), post_(std::move(post)) {
  capacity_.slots = std::max(capacity_.slots, 1U);
}

ThreadedEngine::~ThreadedEngine() {
  for (const auto& [id, attempt] : *wanted_) {
    attempt->stop.raise();
  }
  wanted_->clear();
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadedEngine::start(sched::Job job, Done done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->job = std::move(job);
  attempt->done = std::move(done);
  wanted_->insert_or_assign(attempt->job.attempt, attempt);
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(attempt));
    if (idle_ < waiting_.size() && threads_.size() < capacity_.slots) {
      threads_.emplace_back([this] { work(); });
    }
  }
  changed_.notify_one();
}

void ThreadedEngine::cancel(sched::AttemptId id) {
  const auto it = wanted_->find(id);
  if (it == wanted_->end()) {
    return;  // its answer has been given, or lies in the loop's queue, where it will find nobody
  }
  const std::shared_ptr<Attempt> attempt = it->second;
  wanted_->erase(it);
  attempt->stop.raise();
  const std::scoped_lock lock(mutex_);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), attempt), waiting_.end());
}

void ThreadedEngine::work() {
  while (const std::shared_ptr<Attempt> attempt = next()) {
    execute(attempt);
  }
}

std::shared_ptr<ThreadedEngine::Attempt> ThreadedEngine::next() {
  std::unique_lock lock(mutex_);
  ++idle_;
  changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
  --idle_;
  if (closing_) {
    return nullptr;
  }
  std::shared_ptr<Attempt> attempt = std::move(waiting_.front());
  waiting_.pop_front();
  return attempt;
}

void ThreadedEngine::execute(const std::shared_ptr<Attempt>& attempt) {
  sched::AttemptResult result = execute_(attempt->job, attempt->stop);
  post_([wanted = wanted_, id = attempt->job.attempt, result = std::move(result)]() mutable {
    const auto it = wanted->find(id);
    if (it == wanted->end()) {
      return;  // cancelled
    }
    const sched::Engine::Done done = std::move(it->second->done);
    wanted->erase(it);
    done(id, std::move(result), 0);
  });
}

}  // namespace engine
