#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace cell {

// Watches, by ptrace(2), which paths the processes of a container ask for that are not there. From the
// container's init, whose children they are; slow (two stops a system call), so for `gg verify --trace` only.
// What a traced command cannot do is trace others itself, nor stay stopped.
class Tracer {
 public:
  // Each absent path goes to `out` once, absolute as the container sees it, ended by a NUL; symlinks and ".."
  // are left in it. Owns `out`.
  explicit Tracer(int out) : out_(out) {}

  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // In the command's process, before it executes. Below zero: refused.
  static long offer();

  // In init, once `command` has executed. Below zero: refused.
  long accept(pid_t command);

  // What wait4() said of a process that stopped: takes note and lets it go on.
  void stopped(pid_t thread, int status);

  // What wait4() said of one that ended.
  void ended(pid_t thread);

 private:
  void in_system_call(pid_t thread);
  [[nodiscard]] std::string path_asked(pid_t thread, uint32_t architecture, uint64_t number,
                                       const unsigned long long* arguments);
  void absent(const std::string& path);

  int out_;
  std::map<pid_t, std::string> asking_;  // all threads: the path of the call they are in, or ""
  std::set<std::string> told_;
};

// What wait4() said of a child that stopped although nobody traces: it asked init to trace it
// (PTRACE_TRACEME). Nobody's tracee from now on, it goes on with the signal that it stopped for.
void let_go(pid_t thread, int status);

}  // namespace cell
