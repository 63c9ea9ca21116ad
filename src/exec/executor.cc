#include "exec/executor.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "exec/dynamic.hh"
#include "exec/exact_outputs.hh"
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

sandbox::Job container_for(const Task& task, const std::string& layer, const sandbox::Limits& limits) {
  sandbox::Job job = job_for(task.command, limits);
  job.layers = {layer};
  job.directories = {job.working_directory};
  if (task.dynamic) {
    job.directories.push_back(std::string("/") + ir::dynamic::kMade);
  }
  for (const auto& [output, place] : task.places) {
    job.directories.push_back("/" + parent_of(place));
  }
  return job;
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

Executor::Executor(object::FileStore& store, const std::string& directory)
    : store_(store), trees_(store), directory_(directory), probe_(directory + "/probed") {}

base::Result<std::unique_ptr<Executor>> Executor::open(object::FileStore& store,
                                                       const std::string& directory) {
  base::make_directories(directory);
  Farms::sweep(directory);  // also where all is known, and no farm will be made
  std::unique_ptr<Executor> executor(new Executor(store, directory));
  if (!executor->probe_.holds(kContainers)) {
    const auto tried = executor->site();
    if (!tried) {
      return tl::unexpected<base::Error>(tried.error());
    }
    executor->probe_.remember(kContainers);
  }
  return executor;
}

base::Result<std::unique_ptr<Executor::Site>> Executor::make_site() {
  try {
    std::unique_ptr<Site> site(new Site{Farms(directory_, store_), nullptr});
    auto sandbox = sandbox::Sandbox::open({{site->farms.directory()}});
    if (!sandbox) {
      probe_.forget();
      return tl::unexpected<base::Error>(sandbox.error());
    }
    site->sandbox = std::move(*sandbox);
    return site;
  } catch (const base::SyscallError& error) {  // the farms' folder, or the record in it
    return base::failure(error.what());
  }
}

base::Result<Executor::Site*> Executor::site() {
  const std::scoped_lock lock(mutex_);
  if (!site_) {
    auto made = make_site();
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
  const Expected<Farms::Lease> farm = (*site)->farms.take(*layout);
  if (!farm) {
    return tl::unexpected<Failure>(farm.error());
  }
  const auto laid_out = steady_clock::now() - started;
  // Declared after the lease, so that the container's root is closed before the farm may change.
  sandbox::Job job = container_for(*task, (*farm)->directory(), limits);
  job.trace = trace == Trace::Yes;
  base::Result<Ended> ended = (*site)->sandbox->run(job, stop);
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
    const auto found = excess(ended->root.get(), (*farm)->directory(), *layout, paths_of(task->places),
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
