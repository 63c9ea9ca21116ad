#include "exec/runner.hh"

#include "exec/outputs.hh"
#include "exec/paths.hh"

#include <algorithm>
#include <string_view>

namespace exec {

namespace {

using base::FailureKind;
using sandbox::End;
using sandbox::Ended;
using std::chrono::steady_clock;

Expected<std::string> fetch(object::Store& store, const object::Digest& digest, const std::string& what) {
  base::Result<std::optional<std::string>> bytes = store.get(digest);
  if (!bytes) {
    return failure(bytes.error());
  }
  if (!*bytes) {
    return lost(digest, what);
  }
  return std::move(**bytes);
}

std::string last_lines(std::string_view text) {
  constexpr size_t kMostBytes = 2048;
  constexpr int kMostLines = 20;
  text = text.substr(text.size() - std::min(text.size(), kMostBytes));
  size_t start = text.ends_with('\n') ? text.size() - 1 : text.size();
  for (int lines = 0; lines < kMostLines && start != std::string_view::npos && start != 0; ++lines) {
    start = text.rfind('\n', start - 1);
  }
  return std::string(start == std::string_view::npos || start == 0 ? text : text.substr(start + 1));
}

// nullopt: there is a result.
std::optional<base::Error> no_result(const Ended& ended) {
  // What the command said before it was stopped may tell why.
  const bool flooded = ended.end == End::TooMuchOutput;
  const std::string said = last_lines(flooded && ended.standard_error.size() < ended.standard_output.size()
                                          ? ended.standard_output
                                          : ended.standard_error);
  const std::string message =
      "the command was " + ended.note + (said.empty() ? "" : "; its last words:\n" + said);
  switch (ended.end) {
    case End::Exited:
    case End::NotStarted:
      return std::nullopt;
    case End::TimedOut:
    case End::OutOfMemory:
    case End::TooMuchDisk:
      return base::Error{message, FailureKind::RetryElsewhere};
    case End::TooManyProcesses:
    case End::TooMuchOutput:
      return base::Error{message, FailureKind::Deterministic};
    case End::Stopped:
      return base::Error{message, FailureKind::RetryHere};
  }
  return base::Error{message, FailureKind::Ours};
}

Expected<void> keep_streams(const Ended& ended, object::Store& store, ir::Result& result) {
  const std::string note = ended.note.empty() ? "" : "gg: " + ended.note + "\n";
  const auto keep = [&store](const std::string& bytes,
                             std::optional<object::Digest>& digest) -> Expected<void> {
    if (bytes.empty()) {
      return {};
    }
    const base::Result<object::Digest> put = store.put(bytes);
    if (!put) {
      return failure(put.error());
    }
    digest = *put;
    return {};
  };
  const Expected<void> kept = keep(ended.standard_output, result.standard_output);
  return kept ? keep(ended.standard_error + note, result.standard_error) : kept;
}

bool has(const ir::Thunk& thunk, const char* property, const char* value) {
  const auto found = thunk.platform.find(property);
  return found != thunk.platform.end() && found->second == value;
}

}  // namespace

Expected<Task> load(object::Store& store, const object::Digest& name) {
  const auto thunk_bytes = fetch(store, name, "the thunk");
  if (!thunk_bytes) {
    return tl::unexpected<Failure>(thunk_bytes.error());
  }
  const base::Result<ir::Thunk> thunk = ir::decode_thunk(*thunk_bytes);
  if (!thunk) {
    return failure(thunk.error());
  }
  const auto command_bytes = fetch(store, thunk->command, "the command");
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
  return Task{std::move(*command),
              thunk->command,
              thunk->input_root,
              std::move(*places),
              has(*thunk, ir::kOutputs, ir::kExact),
              has(*thunk, ir::kGraph, ir::kDynamic)};
}

sandbox::Job job_for(const ir::Command& command, const sandbox::Limits& limits) {
  sandbox::Job job;
  job.argv = command.arguments;
  for (const auto& [name, value] : command.environment) {
    job.environment.push_back(name + "=" + value);
  }
  job.working_directory = "/" + command.working_directory;
  job.limits = limits;
  return job;
}

Expected<ir::Result> result_of(const Ended& ended, int root, const std::map<std::string, std::string>& places,
                               object::Store& store, const base::StillWanted& wanted,
                               const ir::Returned& returned) {
  std::optional<base::Error> none = no_result(ended);
  if (none) {
    return failure(std::move(*none));
  }
  const steady_clock::time_point started = steady_clock::now();
  ir::Result result;
  result.exit_code = ended.exit_code;
  for (const auto& [output, place] : places) {
    Expected<std::optional<object::Entry>> entry = collect(root, place, store, returned, wanted);
    if (!entry) {
      return tl::unexpected<Failure>(entry.error());
    }
    if (*entry) {
      result.outputs.emplace(output, std::move(**entry));
    }
  }
  const Expected<void> kept = keep_streams(ended, store, result);
  if (!kept) {
    return tl::unexpected<Failure>(kept.error());
  }
  result.timings = {ended.set_up,   ended.execute,    steady_clock::now() - started,
                    ended.user_cpu, ended.system_cpu, ended.peak_memory_bytes};
  return result;
}

}  // namespace exec
