#pragma once

#include "base/clock.hh"
#include "sched/budget.hh"

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

  // Of a chain of tail calls only the first so many calls are waited for one by one; and so many thunks that
  // nobody asked for or waits for any more are remembered. Beyond that a repeat is looked up in the memos.
  unsigned kept_calls = 256;  // less than 65,536
  size_t kept_thunks = 1024;

  base::Nanoseconds first_back_off = std::chrono::milliseconds{100};  // doubles, with jitter, up to
  base::Nanoseconds last_back_off = std::chrono::seconds{20};

  // An attempt that has not been answered within the job's time-out (else the engine's, else this) and the
  // grace is given up and tried elsewhere. The grace is for what is not the command's own time.
  base::Nanoseconds longest_attempt = std::chrono::hours{24};
  base::Nanoseconds grace = std::chrono::seconds{60};

  // A straggler has taken longer than so many percent of its like took, times a factor, and than `least`.
  // With a slot to spare a second attempt runs beside it.
  struct Stragglers {
    unsigned percentile = 95;
    unsigned factor_percent = 200;
    unsigned samples = 10;  // fewer of its like tell nothing
    base::Nanoseconds least = std::chrono::seconds{1};
    unsigned per_thunk = 1;      // second attempts of one thunk; 0: none at all
    unsigned free = 4;           // second attempts in all, or
    unsigned share_percent = 5;  // of all attempts, if that is more
  };

  Stragglers stragglers;
  Budget::Limits budget;
  uint64_t seed = 0;  // of the jitter: the same seed and the same events give the same run
};

}  // namespace sched
