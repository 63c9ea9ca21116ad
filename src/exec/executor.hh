#pragma once

#include "base/probe_record.hh"
#include "exec/failure.hh"
#include "exec/farms.hh"
#include "exec/runner.hh"
#include "exec/tree_reader.hh"
#include "object/store.hh"
#include "sandbox/sandbox.hh"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace exec {

// Executes concrete thunks here, each in a container whose "/" is the thunk's input tree. Any number of
// threads.
class Executor final : public Runner {
 public:
  // `store` outlives this. `directory` is made if need be; it should lie on the store's file system and may
  // be shared by all of a user's processes. Fails, saying what is refused, where there can be no containers;
  // where there could be some before (base::ProbeRecord), the first execution would say so.
  // Throws base::SyscallError if `directory` cannot be used.
  [[nodiscard]] static base::Result<std::unique_ptr<Executor>> open(object::FileStore& store,
                                                                    const std::string& directory);

  [[nodiscard]] Expected<ir::Result> run(const object::Digest& thunk, const sandbox::Limits& limits,
                                         const sandbox::StopSignal& stop) override;

  // The same, watched (which is slow). `absent`: the paths that the command asked for and that were not
  // there, absolute, each once, with the symlinks and ".." it used; without its own outputs and without what
  // is the kernel's (/dev, /proc, /sys), which no tree holds.
  struct Traced {
    ir::Result result;
    std::vector<std::string> absent;
  };

  [[nodiscard]] Expected<Traced> run_traced(const object::Digest& thunk, const sandbox::Limits& limits,
                                            const sandbox::StopSignal& stop);

  [[nodiscard]] bool isolated() const override { return true; }

 private:
  enum class Trace : bool { No, Yes };

  [[nodiscard]] Expected<Traced> execute(const object::Digest& thunk, const sandbox::Limits& limits,
                                         Trace trace, const sandbox::StopSignal& stop);

  Executor(object::FileStore& store, const std::string& directory);

  struct Site {
    Farms farms;
    std::unique_ptr<sandbox::Sandbox> sandbox;
  };

  [[nodiscard]] base::Result<std::unique_ptr<Site>> make_site();

  // Made at the first call: many a run executes nothing.
  [[nodiscard]] base::Result<Site*> site();

  object::FileStore& store_;
  TreeReader trees_;
  const std::string directory_;
  std::mutex mutex_;
  base::ProbeRecord probe_;     // under mutex_
  std::unique_ptr<Site> site_;  // under mutex_ until it is there
};

}  // namespace exec
