#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

// What jobs need, what engines have, and whether the one fits the other.
namespace sched {

// A millionth of a US dollar.
using MicroDollars = uint64_t;

// Scheduling data beside the thunk: none of it changes the answer, so none of it is in the thunk's name.
// Jobs that need the same (all but kind and label) queue together: give amounts in coarse steps.
struct Hints {
  uint64_t memory_bytes = 0;  // 0: unknown
  uint64_t disk_bytes = 0;    // 0: unknown
  unsigned cores = 1;
  std::chrono::milliseconds timeout{0};  // 0: the engine's own limit
  std::string platform;                  // "linux/arm64"; empty: whichever it is
  bool local_only = false;               // on the user's own machine and nowhere else
  std::string kind;                      // jobs of one kind take alike: "compile"; empty: like nothing
  std::string label;                     // for people: "compile src/a.c"

  auto operator<=>(const Hints&) const = default;
};

// What an engine says of itself. Zero: it does not say, and nothing is held against it.
struct Capacity {
  std::string name;    // for messages: "lambda"
  unsigned slots = 0;  // jobs at once; zero while it cannot take any
  // Of all its jobs together. A job may ask for more cores than that: then it is alone, and slower.
  unsigned cores = 0;
  uint64_t memory_bytes = 0;
  // Of one job.
  unsigned job_cores = 0;
  uint64_t job_memory_bytes = 0;
  uint64_t job_disk_bytes = 0;
  std::chrono::milliseconds job_time{0};  // the limit of a job that has none of its own
  std::string platform;
  bool is_local = false;     // it is the user's own machine: a second try beside the first gains nothing
  bool last_resort = false;  // takes only what every other engine that can has refused
  // What it bills.
  MicroDollars per_job = 0;
  MicroDollars per_second = 0;

  bool operator==(const Capacity&) const = default;
};

// Why such a job can never run there ("needs 8 cores, has 4"); empty if it can.
[[nodiscard]] std::string refusal(const Hints& job, const Capacity& place);

}  // namespace sched
