#pragma once

#include "loop/loop.hh"
#include "sched/engine.hh"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fake {

// An engine with memory, in process: what a job gives is worked out by a function, and told at once or when
// released. Loop thread, but for the constructor.
class Engine final : public sched::Engine {
 public:
  using Work = std::function<sched::AttemptResult(const sched::Job&)>;

  Engine(loop::Loop& loop, std::string name, unsigned slots, Work work)
      : loop_(loop), name_(std::move(name)), slots_(slots), work_(std::move(work)) {}

  [[nodiscard]] std::string name() const override { return name_; }

  [[nodiscard]] sched::Capacity capacity() const override {
    sched::Capacity capacity;
    capacity.name = name_;
    capacity.slots = slots_;
    capacity.per_job = price_;
    return capacity;
  }

  void start(sched::Job job, Done done) override {
    started.push_back(job);
    const sched::AttemptId attempt = job.attempt;
    pending_.emplace(attempt, std::pair(std::move(job), std::move(done)));
    if (!held) {
      loop_.post([this, attempt] { release(attempt); });
    }
  }

  void cancel(sched::AttemptId attempt) override { cancelled += pending_.erase(attempt); }

  void set_slots(unsigned slots) { slots_ = slots; }

  // Each job is billed that.
  void set_price(sched::MicroDollars price) { price_ = price; }

  void release_all() {
    while (!pending_.empty()) {
      release(pending_.begin()->first);
    }
  }

  bool held = false;  // answers wait for release_all()
  std::vector<sched::Job> started;
  size_t cancelled = 0;

 private:
  void release(sched::AttemptId attempt) {
    if (const auto job = pending_.extract(attempt)) {
      const Done done = std::move(job.mapped().second);
      done(attempt, work_(job.mapped().first), price_);
    }
  }

  loop::Loop& loop_;
  std::string name_;
  unsigned slots_;
  sched::MicroDollars price_ = 0;
  Work work_;
  std::map<sched::AttemptId, std::pair<sched::Job, Done>> pending_;
};

}  // namespace fake
