#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "sched/engine.hh"

#include <cstdint>
#include <memory>

namespace sched {

// A thunk as written, within one run: given in order of first mention. Of one that was asked for by add() it
// is never reused; others' are, once they are forgotten.
using NodeId = uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;

// An engine's place in the order of preference, from zero. At most kMaxEngines.
using EngineId = uint8_t;
inline constexpr unsigned kMaxEngines = 32;

// Sets of engines have a bit for each.
constexpr uint32_t bit(EngineId engine) {
  return uint32_t{1} << engine;
}

enum class Verdict : uint8_t {
  None,              // not finished
  Succeeded,         // exit 0 and owes nothing
  Failed,            // itself: its command, or every try to run it
  DependencyFailed,  // something that it needs failed
  Stopped,           // not run because nothing new was to start: another thunk failed, or the run is drained
  Cancelled,         // not wanted any more
};

// Where a successful answer comes from.
enum class Source : uint8_t {
  Executed,
  MemoAsWritten,  // found under the thunk's own name
  MemoConcrete,   // found under its name with all promises substituted
  Converged,      // another thunk came down to the same concrete one
};

// Why a thunk failed. Shared by all that failed because of it.
struct Failure {
  base::Error error;
  std::shared_ptr<const ir::Result> result;  // of a command that ended with another status than 0; else null
  NodeId node = kNoNode;                     // the root cause; none: the run was drained
};

struct Outcome {
  Verdict verdict = Verdict::None;
  Source source = Source::Executed;          // when succeeded
  std::shared_ptr<const ir::Result> result;  // when succeeded: owes nothing
  std::shared_ptr<const Failure> failure;    // when failed, directly or not, or stopped
  NodeId because = kNoNode;  // the failed dependency, or the thunk whose failure stopped all, if one did
};

// How a thunk is asked for.
struct Request {
  Hints hints;
  uint32_t weight = 1;   // estimated duration, any unit that all requests share
  bool hurried = false;  // somebody blocks on it
};

}  // namespace sched
