#include "exec/executor.hh"

#include "exec/layout.hh"
#include "exec/outputs.hh"
#include "exec/paths.hh"

namespace exec {

namespace {

using base::FailureKind;
using sandbox::End;
using sandbox::Ended;
using std::chrono::steady_clock;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

sandbox::Job job_for(const ir::Command& command, const std::map<std::string, std::string>& places,
                     const std::string& layer, const sandbox::Limits& limits) {
  sandbox::Job job;
  job.argv = command.arguments;
  for (const auto& [name, value] : command.environment) {
    job.environment.push_back(name + "=" + value);
  }
  job.working_directory = "/" + command.working_directory;
  job.layers = {layer};
  job.directories = {job.working_directory};
  for (const auto& [output, place] : places) {
    job.directories.push_back("/" + parent_of(place));
  }
  job.limits = limits;
  return job;
}

OutputPaths paths_of(const std::map<std::string, std::string>& places) {
  OutputPaths paths;
  for (const auto& [output, place] : places) {
    paths.insert(place);
  }
  return paths;
}

// nullopt: there is a result.
std::optional<base::Error> no_result(const Ended& ended) {
  // What the command said before it was stopped may tell why.
  constexpr size_t kMostTail = 2048;
  const std::string& said = ended.standard_error;
  const std::string tail = said.size() > kMostTail ? said.substr(said.size() - kMostTail) : said;
  const std::string message =
      "the command was " + ended.note + (tail.empty() ? "" : "; its last words:\n" + tail);
  switch (ended.end) {
    case End::Exited:
    case End::NotStarted:
      return std::nullopt;
    case End::TimedOut:
    case End::OutOfMemory:
      return base::Error{message, FailureKind::RetryElsewhere};
    case End::TooManyProcesses:
    case End::TooMuchOutput:
      return base::Error{message, FailureKind::Deterministic};
    case End::Stopped:
      return base::Error{message, FailureKind::RetryHere};
  }
  return base::Error{message, FailureKind::Ours};
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

Expected<std::string> Executor::fetch(const object::Digest& digest, const std::string& what) {
  base::Result<std::optional<std::string>> bytes = store_.get(digest);
  if (!bytes) {
    return failure(bytes.error());
  }
  if (!*bytes) {
    return lost(digest, what);
  }
  return std::move(**bytes);
}

Expected<Executor::Task> Executor::load(const object::Digest& name) {
  const auto thunk_bytes = fetch(name, "the thunk");
  if (!thunk_bytes) {
    return tl::unexpected<Failure>(thunk_bytes.error());
  }
  const base::Result<ir::Thunk> thunk = ir::decode_thunk(*thunk_bytes);
  if (!thunk) {
    return failure(thunk.error());
  }
  const auto command_bytes = fetch(thunk->command, "the command");
  if (!command_bytes) {
    return tl::unexpected<Failure>(command_bytes.error());
  }
  base::Result<ir::Command> command = ir::decode_command(*command_bytes);
  if (!command) {
    return failure(command.error());
  }
  auto places = output_places(*command);
  if (!places) {
    return failure(places.error());
  }
  return Task{std::move(*command), thunk->input_root, std::move(*places)};
}

Expected<ir::Result> Executor::run(const object::Digest& thunk, const sandbox::Limits& limits,
                                   const sandbox::StopSignal& stop) {
  const steady_clock::time_point started = steady_clock::now();
  const Expected<Task> task = load(thunk);
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
  base::Result<Ended> ended =
      sandbox_->run(job_for(task->command, task->places, (*farm)->directory(), limits), stop);
  if (!ended) {
    return failure(ended.error());
  }
  std::optional<base::Error> none = no_result(*ended);
  if (none) {
    return failure(std::move(*none));
  }
  Expected<ir::Result> result = collect_all(*ended, task->places);
  if (result) {
    result->timings.set_up += laid_out;
  }
  return result;
}

Expected<void> Executor::keep_streams(const Ended& ended, ir::Result& result) {
  const std::string note = ended.note.empty() ? "" : "gg: " + ended.note + "\n";
  const auto keep = [this](const std::string& bytes,
                           std::optional<object::Digest>& digest) -> Expected<void> {
    if (bytes.empty()) {
      return {};
    }
    const base::Result<object::Digest> put = store_.put(bytes);
    if (!put) {
      return failure(put.error());
    }
    digest = *put;
    return {};
  };
  const Expected<void> kept = keep(ended.standard_output, result.standard_output);
  return kept ? keep(ended.standard_error + note, result.standard_error) : kept;
}

Expected<ir::Result> Executor::collect_all(const Ended& ended,
                                           const std::map<std::string, std::string>& places) {
  const steady_clock::time_point started = steady_clock::now();
  ir::Result result;
  result.exit_code = ended.exit_code;
  for (const auto& [output, place] : places) {
    Expected<std::optional<object::Entry>> entry = collect(ended.root.get(), place, store_);
    if (!entry) {
      return tl::unexpected<Failure>(entry.error());
    }
    if (*entry) {
      result.outputs.emplace(output, std::move(**entry));
    }
  }
  const Expected<void> kept = keep_streams(ended, result);
  if (!kept) {
    return tl::unexpected<Failure>(kept.error());
  }
  result.timings = {ended.set_up,   ended.execute,    steady_clock::now() - started,
                    ended.user_cpu, ended.system_cpu, ended.peak_memory_bytes};
  return result;
}

}  // namespace exec
