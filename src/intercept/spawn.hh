#pragma once

#include "base/result.hh"
#include "base/unique_fd.hh"

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Starts a build below a *keeper*: a child of gg that adopts every orphan of the build
// (PR_SET_CHILD_SUBREAPER) and kills all that is left when the build is over, when it is told to, or when gg
// dies.
namespace intercept {

struct Bind {
  std::string shim;  // this file …
  std::string tool;  // … is to be seen at this path
};

struct Launch {
  std::string program;  // resolved; what execve gets
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string working_directory;
  bool namespaces = false;    // a mount namespace of its own, with the binds in it
  std::string pristine_root;  // an empty directory: `/` as it is without the binds will be seen there
  std::vector<Bind> binds;
  bool supervise = false;  // install the seccomp filter and hand out its listener
};

// How it ended, as wait(2) says.
struct Ended {
  int wait_status = 0;
};

class Build {
 public:
  // Forks keeper and build. Throws SyscallError.
  explicit Build(const Launch& launch);
  ~Build();  // kills what is left and waits for it
  Build(const Build&) = delete;
  Build& operator=(const Build&) = delete;

  // Where the set-up stands when the build has been executed, or why that could not be.
  struct Started {
    pid_t pid = 0;
    base::UniqueFd listener;          // of the seccomp filter; none when not asked for or refused
    std::string supervision_refused;  // why there is none
  };

  // Blocks until the build's filter is in place. An error names the step that failed: nothing was run.
  [[nodiscard]] base::Result<Started> started();

  // Blocks until the build's first process has ended and all it left behind is gone. An error when its
  // program could not be executed; exit code 126 or 127 is meant then.
  [[nodiscard]] base::Result<Ended> wait();

  // Any thread: sends the signal to every process of the build.
  void signal(int number);

 private:
  pid_t keeper_ = -1;
  base::UniqueFd control_;
};

// What this machine lets an ordinary build have.
struct Abilities {
  bool namespaces = false;
  std::string namespaces_refused;  // why not: the step and the error
  bool supervision = false;
  std::string supervision_refused;
};

// Tries both in a child process; a few milliseconds. `scratch` is a directory for it to work in.
[[nodiscard]] Abilities probe_abilities(const std::string& scratch);

}  // namespace intercept
