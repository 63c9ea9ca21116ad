#pragma once

#include "base/crew.hh"
#include "engine/errands/errands.hh"
#include "engine/lambda/invoker.hh"
#include "engine/threads/stop.hh"
#include "sched/engine.hh"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace engine {

// Executes thunks on AWS Lambda: one invocation each, synchronous, thousands at once. What blocks (reading
// trees, the bucket) is done by a few threads of its own; that a thunk runs over there takes none. Made, used
// and destroyed on the loop thread.
class LambdaEngine final : public sched::Engine {
 public:
  struct Options {
    unsigned slots = 1;  // invocations at once
    Errands::Options errands;
    LambdaService service;
    std::vector<Function> functions;
    net::HttpOptions http;
  };

  // What it has to say at its end.
  using LastWord = std::function<void(const std::string& message)>;

  // All outlive it. Throws base::OperatorError where libcurl is not installed.
  LambdaEngine(loop::Loop& loop, const base::Clock& clock, net::aws::Credentials& credentials,
               const WorkerStores& stores, Options options, LastWord last_word);

  // Says what may still be billed, if anything may.
  ~LambdaEngine() override;

  [[nodiscard]] std::string name() const override { return capacity_.name; }

  [[nodiscard]] sched::Capacity capacity() const override { return capacity_; }

  void start(sched::Job job, Done done) override;
  void cancel(sched::AttemptId attempt) override;

 private:
  struct Attempt;
  using AttemptPtr = std::shared_ptr<Attempt>;
  using Attempts = std::unordered_map<sched::AttemptId, AttemptPtr>;

  // One after the other; on a thread of the crew, unless it says otherwise.
  void prepare(const AttemptPtr& attempt);
  void invoke(const AttemptPtr& attempt, Invoker::Call call);          // loop
  void answered(const AttemptPtr& attempt, Invoker::Outcome outcome);  // loop
  void take(const AttemptPtr& attempt, const std::string& payload);
  void finish(const AttemptPtr& attempt, sched::AttemptResult result);  // loop

  void on_loop(std::function<void()> callback);
  [[nodiscard]] size_t memory_class_of(const sched::Job& job) const;
  void out_of_memory(const sched::Job& job, Invoker::Outcome& outcome);

  loop::Loop& loop_;
  net::aws::Credentials& credentials_;
  LastWord last_word_;
  sched::Capacity capacity_;
  Errands errands_;
  net::HttpCrowd http_;
  Invoker invoker_;
  Attempts attempts_;
  std::unordered_map<object::Digest, unsigned> failures_;  // of thunks, that may be a hiccup
  // What has run out of memory gets another class; and so does its kind, when that keeps happening.
  std::unordered_map<object::Digest, size_t> classes_of_thunks_;
  std::unordered_map<std::string, unsigned> ran_out_;  // thunks of a kind
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::Crew crew_;  // last: its threads end before what they use
};

}  // namespace engine
