#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace base {

struct Completed {
  int exit_code = 0;  // 128 + signal when a signal ended it, as a shell says it
  std::string out;
  std::string err;
};

struct Subprocess {
  std::string program;                   // absolute path
  std::vector<std::string> argv;         // argv[0] included
  std::vector<std::string> environment;  // NAME=value; nothing is inherited
  std::string working_directory;         // empty: this process's own
  std::string root;                      // chroot here first (needs the privilege); empty: no
  std::chrono::milliseconds timeout{60'000};
  std::string input{};  // on stdin, which can be read as a file (/dev/stdin), too
};

// Runs it to its end and collects both streams. Kills it after the time-out and
// then throws OperatorError naming the program; throws SyscallError if it could not be started. Blocks: call
// from a pool.
[[nodiscard]] Completed run(const Subprocess& subprocess);

}  // namespace base
