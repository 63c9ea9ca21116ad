#pragma once

#include "intercept/process.hh"

#include <string>
#include <vector>

namespace intercept {

// May the command's caller be told 0 before the result is known? Only when it can do nothing but stop
// (DESIGN §4.3). Otherwise `reason` is a stable code for counters: why it has to wait.
struct Bet {
  bool allowed = false;
  std::string reason;
  std::string detail;
  bool keeps_going = false;       // make -k, ninja -k: a failure is not to stop the build
  bool below_make = false;        // a make stands above, which would end with its own status for a failure
  bool output_unwanted = false;   // the caller threw away what it writes to standard output (/dev/null)
  bool errors_unwanted = false;   // the same of standard error
  bool errors_to_output = false;  // what it writes to standard error comes out on gg's standard output
  bool shown_by_ninja = false;    // which collects what it writes, and shows it in its own way
};

struct Caller {
  pid_t pid = 0;  // of the command itself
  pid_t top = 0;  // the build's first process: beyond it nobody looks
  std::vector<std::string> argv;
  std::string working_directory;
  std::string makeflags;     // $MAKEFLAGS, "" without
  StreamId standard_output;  // of the command
  StreamId standard_error;
};

// Looks at the processes from the command up to `top`. `own_output` and `own_error` are gg's own streams.
[[nodiscard]] Bet judge_caller(const Caller& caller, const StreamId& own_output, const StreamId& own_error);

// Is the command an experiment of a configuration: run by a configure script or by cmake itself, or in a
// folder that has a new name each time (cmake's try_compile, meson's probes)? There are hundreds, each once,
// quick, and waited for one by one. What a make below them does is a build like any other.
[[nodiscard]] bool is_experiment(pid_t command, pid_t top, const std::string& working_directory);

}  // namespace intercept
