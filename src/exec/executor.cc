#include "exec/executor.hh"

#include "exec/layout.hh"

namespace exec {

namespace {

using sandbox::Ended;
using std::chrono::steady_clock;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

sandbox::Job container_for(const Task& task, const std::string& layer, const sandbox::Limits& limits) {
  sandbox::Job job = job_for(task.command, limits);
  job.layers = {layer};
  job.directories = {job.working_directory};
  for (const auto& [output, place] : task.places) {
    job.directories.push_back("/" + parent_of(place));
  }
  return job;
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
  std::unique_ptr<Executor> executor(new Executor(store, directory));
  auto sandbox = sandbox::Sandbox::open({{executor->farms_.directory()}});
  if (!sandbox) {
    return tl::unexpected<base::Error>(sandbox.error());
  }
  executor->sandbox_ = std::move(*sandbox);
  return executor;
}

Expected<ir::Result> Executor::run(const object::Digest& thunk, const sandbox::Limits& limits,
                                   const sandbox::StopSignal& stop) {
  const steady_clock::time_point started = steady_clock::now();
  const Expected<Task> task = load(store_, thunk);
  if (!task) {
    return tl::unexpected<Failure>(task.error());
  }
  const Expected<Layout> layout = lay_out(trees_, task->input_root, paths_of(task->places));
  if (!layout) {
    return tl::unexpected<Failure>(layout.error());
  }
  const Expected<Farms::Lease> farm = farms_.take(*layout);
  if (!farm) {
    return tl::unexpected<Failure>(farm.error());
  }
  const auto laid_out = steady_clock::now() - started;
  // Declared after the lease, so that the container's root is closed before the farm may change.
  base::Result<Ended> ended = sandbox_->run(container_for(*task, (*farm)->directory(), limits), stop);
  if (!ended) {
    return failure(ended.error());
  }
  Expected<ir::Result> result = result_of(*ended, ended->root.get(), task->places, store_);
  if (result) {
    result->timings.set_up += laid_out;
  }
  return result;
}

}  // namespace exec
