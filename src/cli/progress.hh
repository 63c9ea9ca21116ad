#pragma once

#include "base/clock.hh"
#include "cli/status_line.hh"

#include <atomic>
#include <cstdint>
#include <string>

namespace cli {

// How far a run is, in thunks.
struct Progress {
  uint64_t known = 0;
  uint64_t finished = 0;
  uint64_t running = 0;
  uint64_t hits = 0;
};

// "[120/250] 2 running, 128 waiting, 40 hits, about 12 s left". The estimate is the pace of the executed ones
// so far; left out before there is one.
[[nodiscard]] std::string progress_line(const Progress& progress, base::Nanoseconds elapsed);

// Shows the line at the bottom of a terminal; in a log a plain line now and then. Nothing before there is a
// thunk. One thread.
class ProgressDisplay {
 public:
  enum class Kind { Terminal, Log, Off };

  ProgressDisplay(Kind kind, const base::Clock& clock)
      : kind_(kind), clock_(clock), started_(clock.steady()) {}

  void show(const Progress& progress);

  // Takes the terminal's line away.
  void clear();

 private:
  Kind kind_;
  const base::Clock& clock_;
  base::Nanoseconds started_;
  base::Nanoseconds last_shown_{0};
  StatusLine status_line_;
};

}  // namespace cli
