#pragma once

#include "exec/runner.hh"
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

// Executes thunks on this machine on threads of its own, in containers if the runner makes some. Made, used
// and destroyed on the loop thread.
class LocalEngine final : public sched::Engine {
 public:
  struct Options {
    unsigned slots = 1;      // jobs at the same time, one thread each
    sandbox::Limits limits;  // of each job; a job's own time-out goes before `limits.time`
  };

  // Runs a callback on the loop thread, later: loop::Loop::post.
  using Post = std::function<void(std::function<void()>)>;

  LocalEngine(std::unique_ptr<exec::Runner> runner, Options options, Post post);

  // Stops what runs and waits for it; nothing is called back any more.
  ~LocalEngine() override;

  [[nodiscard]] std::string name() const override { return "local"; }

  [[nodiscard]] sched::Capacity capacity() const override;

  // Above its slots jobs wait for a thread, in order.
  void start(sched::Job job, Done done) override;
  void cancel(sched::AttemptId attempt) override;

 private:
  struct Attempt {
    sched::Job job;
    Done done;  // loop thread only
    sandbox::StopSignal stop;
  };

  // Attempts that somebody waits for. Loop thread only; shared with callbacks that may come after this is
  // gone.
  using Wanted = std::unordered_map<sched::AttemptId, std::shared_ptr<Attempt>>;

  void work();
  [[nodiscard]] std::shared_ptr<Attempt> next();
  void execute(const std::shared_ptr<Attempt>& attempt);

  std::unique_ptr<exec::Runner> runner_;
  Options options_;
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
