#pragma once

#include "exec/failure.hh"
#include "exec/farms.hh"
#include "exec/tree_reader.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/store.hh"
#include "sandbox/sandbox.hh"

#include <map>
#include <memory>
#include <string>

namespace exec {

// Executes concrete thunks here, each in a container whose "/" is the thunk's input tree. Any number of
// threads.
class Executor {
 public:
  // `store` outlives this. `directory` is made if need be; it should lie on the store's file system and may
  // be shared by all of a user's processes. Fails, saying what is refused, where there can be no containers.
  // Throws base::SyscallError if `directory` cannot be used.
  [[nodiscard]] static base::Result<std::unique_ptr<Executor>> open(object::FileStore& store,
                                                                    const std::string& directory);

  // Blocks. Whatever the command's exit code, the result and its outputs are in the store when this returns.
  // A command that ran into a limit has no result: the error's kind is RetryElsewhere for time and memory
  // (another place may have more), Deterministic for processes and output. RetryHere when `stop` was raised.
  [[nodiscard]] Expected<ir::Result> run(const object::Digest& thunk, const sandbox::Limits& limits,
                                         const sandbox::StopSignal& stop);

 private:
  Executor(object::FileStore& store, const std::string& directory)
      : store_(store), trees_(store), farms_(directory, store) {}

  // A thunk with all that its name stands for.
  struct Task {
    ir::Command command;
    object::Digest input_root;
    std::map<std::string, std::string> places;  // of its outputs: as declared, and below the root
  };

  [[nodiscard]] Expected<Task> load(const object::Digest& thunk);
  [[nodiscard]] Expected<std::string> fetch(const object::Digest& digest, const std::string& what);
  [[nodiscard]] Expected<void> keep_streams(const sandbox::Ended& ended, ir::Result& result);
  [[nodiscard]] Expected<ir::Result> collect_all(const sandbox::Ended& ended,
                                                 const std::map<std::string, std::string>& places);

  object::FileStore& store_;
  TreeReader trees_;
  Farms farms_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace exec
