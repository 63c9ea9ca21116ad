#include "exec/executor.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/probe_record.hh"
#include "exec/container_site.hh"
#include "exec/dynamic.hh"
#include "exec/exact_outputs.hh"
#include "exec/farms.hh"
#include "exec/layout.hh"
#include "exec/paths.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace exec {

namespace {

using sandbox::Ended;
using std::chrono::steady_clock;

constexpr std::string_view kContainers = "containers";  // of the probe's record
constexpr std::array<std::string_view, 3> kKernels{"dev", "proc", "sys"};

std::vector<std::string> directories_for(const Task& task) {
  std::vector<std::string> directories{"/" + task.command.working_directory};
  if (task.dynamic) {
    directories.push_back(std::string("/") + ir::dynamic::kMade);
  }
  for (const auto& [output, place] : task.places) {
    directories.push_back("/" + parent_of(place));
  }
  return directories;
}

// What a tree never holds: the kernel's, and what the command itself is to make, whose older self it may look
// for.
bool is_no_input(const std::string& path, const Task& task) {
  const auto plain = below_root("", std::string_view(path).substr(1));
  return !plain || std::any_of(kKernels.begin(), kKernels.end(), [&](std::string_view top) {
    return is_at_or_below(*plain, top);
  }) || std::any_of(task.places.begin(), task.places.end(), [&](const auto& place) {
    return is_at_or_below(*plain, place.second);
  });
}

OutputPaths paths_of(const std::map<std::string, std::string>& places) {
  OutputPaths paths;
  for (const auto& [output, place] : places) {
    paths.insert(place);
  }
  return paths;
}

}  // namespace

base::Result<std::unique_ptr<Executor>> Executor::open(object::FileStore& store,
                                                       const std::string& directory) {
  base::make_directories(directory);
  Farms::sweep(directory);  // also where all is known, and no farm will be made
  auto probe = std::make_shared<base::ProbeRecord>(directory + "/probed");
  std::unique_ptr<Executor> executor(
      new Executor(store, "container", [&store, directory, probe]() -> base::Result<std::unique_ptr<Site>> {
        auto site = make_container_site(directory, store);
        if (!site) {
          probe->forget();
        }
        return site;
      }));
  if (!probe->holds(kContainers)) {
    const auto tried = executor->site();
    if (!tried) {
      return tl::unexpected<base::Error>(tried.error());
    }
    probe->remember(kContainers);
  }
  return executor;
}

base::Result<std::unique_ptr<Executor>> Executor::open_in_skeleton(object::FileStore& store,
                                                                   SkeletonOptions options) {
  auto site = make_skeleton_site(std::move(options), store);
  if (!site) {
    return tl::unexpected(std::move(site.error()));
  }
  std::unique_ptr<Executor> executor(new Executor(store, "skeleton, " + (*site)->sandbox().walls(), {}));
  executor->site_ = std::move(*site);
  return executor;
}

base::Result<Site*> Executor::site() {
  const std::scoped_lock lock(mutex_);
  if (!site_) {
    auto made = make_site_();
    if (!made) {
      return tl::unexpected<base::Error>(made.error());
    }
    site_ = std::move(*made);
  }
  return site_.get();
}

Expected<ir::Result> Executor::run(const object::Digest& thunk, const sandbox::Limits& limits,
                                   const sandbox::StopSignal& stop) {
  return execute(thunk, limits, Trace::No, stop).map([](Traced&& traced) {
    return std::move(traced.result);
  });
}

Expected<Executor::Traced> Executor::run_traced(const object::Digest& thunk, const sandbox::Limits& limits,
                                                const sandbox::StopSignal& stop) {
  return execute(thunk, limits, Trace::Yes, stop);
}

Expected<Executor::Traced> Executor::execute(const object::Digest& thunk, const sandbox::Limits& limits,
                                             Trace trace, const sandbox::StopSignal& stop) {
  const steady_clock::time_point started = steady_clock::now();
  const Expected<Task> task = load(store_, thunk);
  if (!task) {
    return tl::unexpected<Failure>(task.error());
  }
  Expected<Layout> layout = lay_out(trees_, task->input_root, paths_of(task->places));
  if (!layout) {
    return tl::unexpected<Failure>(layout.error());
  }
  if (task->dynamic) {
    if (const auto added = add_own_tree(trees_, task->input_root, *layout); !added) {
      return tl::unexpected<Failure>(added.error());
    }
  }
  const auto site = this->site();
  if (!site) {
    return failure(site.error());
  }
  const Expected<std::unique_ptr<Site::Standing>> standing = (*site)->take(*layout, directories_for(*task));
  if (!standing) {
    return tl::unexpected<Failure>(standing.error());
  }
  const std::optional<std::string> unchanged = (*standing)->unchanged();
  if (task->exact_outputs && !unchanged) {
    return failure({"a command that is held to its declared outputs needs a container",
                    base::FailureKind::RetryElsewhere});
  }
  sandbox::Job job = job_for(task->command, limits);
  job.trace = trace == Trace::Yes;
  if (const auto prepared = (*standing)->prepare(job); !prepared) {
    return tl::unexpected<Failure>(prepared.error());
  }
  const auto laid_out = steady_clock::now() - started;
  // Declared after what stands, so that the container's root is closed before that may change.
  base::Result<Ended> ended = (*site)->sandbox().run(job, stop);
  (*standing)->ended();
  if (!ended) {
    return failure(ended.error());
  }
  const base::StillWanted wanted = [&stop] { return !stop.raised(); };
  Expected<ir::Returned> returned;
  if (task->dynamic && ended->end == sandbox::End::Exited && ended->exit_code == 0) {
    returned = take_returned(ended->root.get(), *layout, task->places, store_, wanted);
  }
  if (!returned) {
    return tl::unexpected<Failure>(returned.error());
  }
  Expected<ir::Result> result = result_of(*ended, ended->root.get(), task->places, store_, wanted, *returned);
  if (!result) {
    return tl::unexpected<Failure>(result.error());
  }
  if (result->exit_code == 0 && task->exact_outputs) {
    const auto found = excess(ended->root.get(), *unchanged, *layout, paths_of(task->places),
                              task->command.working_directory);
    if (!found) {
      return tl::unexpected<Failure>(found.error());
    }
    if (*found) {
      return failure({"the command " + **found + ", which its declared outputs do not account for",
                      base::FailureKind::Deterministic});
    }
  }
  result->timings.set_up += laid_out;
  std::erase_if(ended->absent, [&](const std::string& path) { return is_no_input(path, *task); });
  return Traced{*std::move(result), std::move(ended->absent)};
}

}  // namespace exec
