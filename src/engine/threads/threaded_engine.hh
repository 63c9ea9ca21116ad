#pragma once

#include "engine/threads/stop.hh"
#include "sched/engine.hh"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace engine {

// An engine whose every attempt holds a thread of its own while it lasts. Made, used and destroyed on the
// loop thread.
class ThreadedEngine : public sched::Engine {
 public:
  // Executes one job, on one of the threads; several at a time.
  using Execute = std::function<sched::AttemptResult(const sched::Job&, Stop&)>;

  // Runs a callback on the loop thread, later: loop::Loop::post.
  using Post = std::function<void(std::function<void()>)>;

  // As many threads as the capacity has slots, at least one.
  ThreadedEngine(sched::Capacity capacity, Execute execute, Post post);

  // Stops what runs and waits for it; nothing is called back any more.
  ~ThreadedEngine() override;

  [[nodiscard]] std::string name() const override { return capacity_.name; }

  [[nodiscard]] sched::Capacity capacity() const override { return capacity_; }

  // Above its slots jobs wait for a thread, in order.
  void start(sched::Job job, Done done) override;
  void cancel(sched::AttemptId attempt) override;

 private:
  struct Attempt {
    sched::Job job;
    Done done;  // loop thread only
    Stop stop;
  };

  // Attempts that somebody waits for. Loop thread only; shared with callbacks that may come after this is
  // gone.
  using Wanted = std::unordered_map<sched::AttemptId, std::shared_ptr<Attempt>>;

  void work();
  [[nodiscard]] std::shared_ptr<Attempt> next();
  void execute(const std::shared_ptr<Attempt>& attempt);

  sched::Capacity capacity_;
  Execute execute_;
  Post post_;
  std::shared_ptr<Wanted> wanted_ = std::make_shared<Wanted>();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Attempt>> waiting_;  // under mutex_
  bool closing_ = false;                          // under mutex_
  unsigned idle_ = 0;                             // threads that wait for a job; under mutex_
  std::vector<std::thread> threads_;              // as many as there was work for; loop thread only
};

}  // namespace engine
