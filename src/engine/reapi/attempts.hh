#pragma once

#include "engine/reapi/execution_call.hh"
#include "engine/reapi/input_sender.hh"
#include "engine/reapi/lowered.hh"
#include "engine/reapi/once_files.hh"
#include "engine/reapi/priorities.hh"
#include "engine/reapi/reapi_engine.hh"

#include <optional>

namespace engine {

// The way of one job, from its inputs to its result. (What the server remembers of it has been asked before:
// SharedMemos.) Any number of threads.
class Attempts {
 public:
  Attempts(const ReapiEngine::Surroundings& with, ReapiEngine::Options options);

  [[nodiscard]] sched::AttemptResult run(const sched::Job& job, Stop& stop);

 private:
  using Found = base::Result<std::optional<ir::Result>>;

  // The result with all that it needs, or nullopt if the server has lost some of that.
  [[nodiscard]] Found take(const build::bazel::remote::execution::v2::ActionResult& answer,
                           const Lowered& action, const base::StillWanted& wanted);

  [[nodiscard]] sched::AttemptResult execute(const Lowered& action, int32_t priority, Stop& stop,
                                             const base::StillWanted& wanted);

  ReapiEngine::Surroundings with_;
  ReapiEngine::Options options_;
  InputSender inputs_;
  OnceFiles once_files_;
  Priorities priorities_;
};

}  // namespace engine
