#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "object/digest.hh"
#include "sched/capacity.hh"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sched {

// One try at executing one concrete thunk; never reused within a run.
using AttemptId = uint64_t;

struct Job {
  AttemptId attempt = 0;
  object::Digest
      thunk;  // of an encoded ir::Thunk whose tree owes nothing; the store holds it and all it names
  Hints hints;
  // Estimated weight of the way from here to the end of the run, in the unit of Request::weight: of two jobs
  // that wait the one with the longer way goes first.
  uint32_t path = 0;
};

// Why an attempt yielded no result.
struct AttemptFailure {
  base::Error error;
  // Objects that the job needed and the store no longer holds (a store's promise is a lease). Not empty: the
  // error's kind does not matter; whoever makes these objects runs again, then this thunk does.
  std::vector<object::Digest> lost;

  AttemptFailure() = default;

  // Implicit, so that a base::Result<ir::Result> can be handed over as it is.
  AttemptFailure(base::Error why) : error(std::move(why)) {}  // NOLINT(google-explicit-constructor)

  AttemptFailure(base::Error why, std::vector<object::Digest> gone)
      : error(std::move(why)), lost(std::move(gone)) {}

  bool operator==(const AttemptFailure&) const = default;
};

using AttemptResult = tl::expected<ir::Result, AttemptFailure>;

// Where thunks execute: local, lambda, reapi. All calls come from the one loop thread and never block.
class Engine {
 public:
  // A result (any exit code: the command ran), or why there is none. Called on the loop thread, at most once
  // an attempt, and not after cancel() returned. Outputs are in the store when it is called. The last is what
  // the attempt is billed, whatever came of it.
  using Done = std::function<void(AttemptId, AttemptResult, MicroDollars)>;

  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // For reason codes and the log: "local", "lambda".
  [[nodiscard]] virtual std::string name() const = 0;

  // What it takes at once, and what it cannot take.
  [[nodiscard]] virtual Capacity capacity() const = 0;

  // Starts the job; `done` is called later, never from within start(). A thunk with ir::kOutputs is executed
  // by an exec::Runner, wherever that is, or refused: its result alone does not show whether it was exact.
  virtual void start(Job job, Done done) = 0;

  // The answer is not wanted any more: whatever runs for it is stopped, and nothing is called back.
  virtual void cancel(AttemptId attempt) = 0;
};

}  // namespace sched
