#pragma once

#include "base/clock.hh"
#include "intercept/forcer.hh"
#include "intercept/observer.hh"
#include "intercept/spawn.hh"
#include "model/model.hh"
#include "object/store.hh"

#include <memory>
#include <string>
#include <vector>

namespace intercept {

// Which placeholders may be left when a build ends well, each of a thunk that has its result.
enum class Leave {
  Nothing,
  Intermediates,  // of what only other thunks of the session have read
  Unread,         // of all that no program has read
};

enum class Standing {
  Namespaces,     // shims stand over the real tools; placeholders where readers are forced
  PathDirectory,  // a directory of shims before PATH; no placeholders
};

// Set for a build: the program that hands a tool over to the session although its path leads past the shims.
// Its arguments are the tool's path and the tool's own argv. In PathDirectory the shims themselves go by it,
// so elsewhere it has another name.
inline constexpr const char* kLauncherVariable = "GG_LAUNCHER";
inline constexpr const char* kLauncherPastMountsVariable = "GG_LAUNCHER_PAST_MOUNTS";

struct Options {
  std::string state_dir;  // of this user: sessions' journals
  std::string path_dir;   // of this user, and lasting: directories of shims for builds without namespaces
  std::string runtime_dir = "/tmp";  // where the session has its own directory if there is no place in memory
  Leave leave = Leave::Nothing;
  bool lazy = false;                 // gg infer: all that nobody reads is left, and not even forced
  bool keep_going = false;           // a lost bet does not stop the build
  bool only_path_directory = false;  // asked for by the user
  bool placeholders = true;          // false: every command waits until its outputs are real
  unsigned inferences = 0;           // at once; 0: as many as there are cores
};

struct Finished {
  int exit_code = 0;                    // the build's own; 128 + signal when a signal ended it
  int signal = 0;                       // that signal
  std::vector<FailedCommand> failures;  // bets that were lost
  std::vector<std::string>
      left_over;                   // things the operator should know: a file that could not be put in place
  bool stopped = false;            // by stop()
  size_t left = 0;                 // thunks that drain() kept from being finished
  bool ended_for_failure = false;  // the session's own signal ended the build, for the first of `failures`
};

// One build under gg: from its first process to the moment when all its files are real, or are left as
// placeholders, as the options say. Made, run once, thrown away.
class Session {
 public:
  Session(Options options, model::Models& models, Forcer& forcer, object::FileStore& store,
          base::Clock& clock, Observer& observer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs the build to its end. Throws OperatorError or SyscallError when it could not be started.
  [[nodiscard]] Finished run(const std::vector<std::string>& argv,
                             const std::vector<std::string>& environment,
                             const std::string& working_directory);

  // Any thread, any number of times: Ctrl-C and the like. The build gets the signal, the second time SIGKILL;
  // what it leaves is removed.
  void stop(int signal);

  // Any thread: the build gets SIGTERM and no thunk starts any more, but those that run may end, and are put
  // in place; the other placeholders are removed. `reason`: what they are told who wait for others.
  void drain(const std::string& reason);

  // Labels of commands whose results somebody waits for.
  [[nodiscard]] std::vector<std::string> under_way(size_t most) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace intercept
