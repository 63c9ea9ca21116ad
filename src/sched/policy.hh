#pragma once

#include "base/clock.hh"

#include <chrono>
#include <cstdint>

namespace sched {

// What follows the first thunk that fails.
enum class OnFailure : uint8_t {
  KeepGoing,      // only what depends on it is given up
  FinishRunning,  // nothing new starts; what runs may end, and its result is kept
  CancelRunning,  // nothing new starts; what runs is cancelled
};

// Every retry is bounded: a job that cannot succeed must not be billed for ever.
struct Policy {
  OnFailure on_failure = OnFailure::FinishRunning;
  unsigned tries_here = 3;       // of one step, with failures of kind RetryHere
  unsigned tries_elsewhere = 3;  // of one step, with failures of kind RetryElsewhere
  unsigned max_attempts = 8;     // executions of one thunk, whatever the reasons
  unsigned max_losses = 4;       // times one thunk may find inputs gone, and times one may be made again
  base::Nanoseconds first_back_off = std::chrono::milliseconds{100};  // doubles, with jitter, up to
  base::Nanoseconds last_back_off = std::chrono::seconds{20};
  uint64_t seed = 0;  // of the jitter: the same seed and the same events give the same run
};

}  // namespace sched
