#pragma once

#include <cstdint>

// What is decided about thunks beside the plain way (look for a memo, execute, record), and the codes by
// which journals name it: never change one.
namespace sched {

enum class Decision : uint8_t {
  BackOff,     // a step failed: again after a while
  Elsewhere,   // a place failed: again at once in another one
  Repeated,    // a command failed where that may be the place's fault: once more before it is believed
  Duplicate,   // an attempt seems to straggle: another beside it
  GivenUp,     // all the tries are used up
  Silent,      // a place has not answered in time: given up there
  Remade,      // the store has lost what it had made: it runs again
  Homeless,    // no engine can take it
  OverBudget,  // no engine may take it, since what may be spent is spent
  Cycle,       // it waits for itself
  Stopped,     // after this failure nothing new starts
  Drained,     // nothing new starts, because somebody said so
  Cancelled,   // all is cancelled
};

// Why an attempt's answer is not wanted any more.
enum class Unwanted : uint8_t {
  Superseded,  // its thunk is settled without it: by another attempt, or because inputs are lost
  Silent,      // it has not answered in time
  Stopped,     // another thunk has failed
  Cancelled,   // somebody said so
};

[[nodiscard]] constexpr const char* code_of(Decision decision) {
  switch (decision) {
    case Decision::BackOff:
      return "back-off";
    case Decision::Elsewhere:
      return "elsewhere";
    case Decision::Repeated:
      return "repeated";
    case Decision::Duplicate:
      return "duplicate";
    case Decision::GivenUp:
      return "given-up";
    case Decision::Silent:
      return "silent";
    case Decision::Remade:
      return "remade";
    case Decision::Homeless:
      return "homeless";
    case Decision::OverBudget:
      return "over-budget";
    case Decision::Cycle:
      return "cycle";
    case Decision::Stopped:
      return "stopped";
    case Decision::Drained:
      return "drained";
    case Decision::Cancelled:
      break;
  }
  return "cancelled";
}

[[nodiscard]] constexpr const char* code_of(Unwanted why) {
  switch (why) {
    case Unwanted::Superseded:
      return "superseded";
    case Unwanted::Silent:
      return "silent";
    case Unwanted::Stopped:
      return "stopped";
    case Unwanted::Cancelled:
      break;
  }
  return "cancelled";
}

}  // namespace sched
