#include "engine/local/local_engine.hh"

#include "base/errors.hh"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace engine {

namespace {

sched::AttemptResult as_attempt_result(exec::Expected<ir::Result> result) {
  if (result) {
    return std::move(*result);
  }
  return tl::unexpected<sched::AttemptFailure>(
      sched::AttemptFailure(std::move(result.error().error), std::move(result.error().lost)));
}

}  // namespace

LocalEngine::LocalEngine(std::unique_ptr<exec::Runner> runner, Options options, Post post)
    : runner_(std::move(runner)), options_(options), post_(std::move(post)) {
  options_.slots = std::max(options_.slots, 1U);
}

LocalEngine::~LocalEngine() {
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

sched::Capacity LocalEngine::capacity() const {
  sched::Capacity capacity;
  capacity.name = name();
  capacity.slots = options_.slots;
  capacity.job_time = options_.limits.time;
  capacity.cores = options_.slots;  // a job that says it needs four takes the room of four
  capacity.memory_bytes =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  capacity.is_local = true;
  return capacity;
}

void LocalEngine::start(sched::Job job, Done done) {
  std::shared_ptr<Attempt> attempt;
  try {
    attempt = std::make_shared<Attempt>();
  } catch (const base::SyscallError& error) {  // out of descriptors
    post_([id = job.attempt, done = std::move(done), what = std::string(error.what())] {
      done(id, tl::unexpected<sched::AttemptFailure>(base::Error{what, base::FailureKind::RetryElsewhere}),
           0);
    });
    return;
  }
  attempt->job = std::move(job);
  attempt->done = std::move(done);
  wanted_->insert_or_assign(attempt->job.attempt, attempt);
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(attempt));
    if (idle_ < waiting_.size() && threads_.size() < options_.slots) {
      threads_.emplace_back([this] { work(); });
    }
  }
  changed_.notify_one();
}

void LocalEngine::cancel(sched::AttemptId id) {
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

void LocalEngine::work() {
  while (const std::shared_ptr<Attempt> attempt = next()) {
    execute(attempt);
  }
}

std::shared_ptr<LocalEngine::Attempt> LocalEngine::next() {
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

void LocalEngine::execute(const std::shared_ptr<Attempt>& attempt) {
  sandbox::Limits limits = options_.limits;
  if (attempt->job.hints.timeout.count() != 0) {
    limits.time = attempt->job.hints.timeout;
  }
  sched::AttemptResult result = as_attempt_result(runner_->run(attempt->job.thunk, limits, attempt->stop));
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
