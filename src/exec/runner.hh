#pragma once

#include "exec/failure.hh"
#include "ir/dynamic.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/store.hh"
#include "sandbox/sandbox.hh"

#include <map>
#include <string>

namespace exec {

// Executes concrete thunks on this machine. Any number of threads.
class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  // Blocks. Whatever the command's exit code, the result and its outputs are in the store when this returns.
  // An isolated runner also holds the command to Task::exact_outputs: what it leaves is gone afterwards, so
  // nobody else can.
  //
  // A command that ran into a limit has no result: the error's kind is RetryElsewhere for time and memory
  // (another place may have more), Deterministic for processes and output. RetryHere when `stop` was raised.
  [[nodiscard]] virtual Expected<ir::Result> run(const object::Digest& thunk, const sandbox::Limits& limits,
                                                 const sandbox::StopSignal& stop) = 0;

  // False: commands see more than their input tree, so no result may be remembered.
  [[nodiscard]] virtual bool isolated() const = 0;
};

// The parts that all runners share.

// A thunk with all that its name stands for.
struct Task {
  ir::Command command;
  object::Digest command_digest;
  object::Digest input_root;
  std::map<std::string, std::string> places;  // of its outputs: as declared, and below the root
  bool exact_outputs = false;                 // ir::kOutputs
  bool dynamic = false;                       // ir::kGraph
};

[[nodiscard]] Expected<Task> load(object::Store& store, const object::Digest& thunk);

// What to run, its layers and directories apart.
[[nodiscard]] sandbox::Job job_for(const ir::Command& command, const sandbox::Limits& limits);

// Takes outputs (from below `root`, a directory's descriptor; promises from `returned`) and streams into the
// store, or says why this end is no result. Fails (RetryHere) once it is not wanted any more.
[[nodiscard]] Expected<ir::Result> result_of(const sandbox::Ended& ended, int root,
                                             const std::map<std::string, std::string>& places,
                                             object::Store& store, const base::StillWanted& wanted,
                                             const ir::Returned& returned = {});

}  // namespace exec
