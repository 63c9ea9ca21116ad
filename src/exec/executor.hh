#pragma once

#include "exec/failure.hh"
#include "exec/runner.hh"
#include "exec/site.hh"
#include "exec/skeleton_site.hh"
#include "exec/tree_reader.hh"
#include "object/store.hh"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace exec {

// Executes concrete thunks here, each in a container whose "/" is the thunk's input tree; or, where there are
// no containers, in a skeleton. Any number of threads.
class Executor final : public Runner {
 public:
  // `store` outlives this. `directory` is made if need be; it should lie on the store's file system and may
  // be shared by all of a user's processes. Fails, saying what is refused, where there can be no containers;
  // where there could be some before (base::ProbeRecord), the first execution would say so.
  // Throws base::SyscallError if `directory` cannot be used.
  [[nodiscard]] static base::Result<std::unique_ptr<Executor>> open(object::FileStore& store,
                                                                    const std::string& directory);

  // The same in a Skeleton, which has to be this process's root: thunks run one after the other, and those
  // held to their declared outputs not at all.
  [[nodiscard]] static base::Result<std::unique_ptr<Executor>> open_in_skeleton(object::FileStore& store,
                                                                                SkeletonOptions options);

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

  // What keeps commands apart, for people: "container", "skeleton, seccomp, landlock 7".
  [[nodiscard]] const std::string& isolation() const { return isolation_; }

 private:
  enum class Trace : bool { No, Yes };

  [[nodiscard]] Expected<Traced> execute(const object::Digest& thunk, const sandbox::Limits& limits,
                                         Trace trace, const sandbox::StopSignal& stop);

  using MakeSite = std::function<base::Result<std::unique_ptr<Site>>()>;

  Executor(object::FileStore& store, std::string isolation, MakeSite make_site)
      : store_(store), trees_(store), isolation_(std::move(isolation)), make_site_(std::move(make_site)) {}

  // Made at the first call: many a run executes nothing.
  [[nodiscard]] base::Result<Site*> site();

  object::FileStore& store_;
  TreeReader trees_;
  const std::string isolation_;
  std::mutex mutex_;
  MakeSite make_site_;          // under mutex_
  std::unique_ptr<Site> site_;  // under mutex_ until it is there
};

}  // namespace exec
