#include "intercept/commands.hh"

#include "base/program_path.hh"
#include "intercept/ninja_output.hh"
#include "intercept/placeholder.hh"
#include "intercept/placing.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace intercept {

namespace {

constexpr mode_t kFileMode = 0666;
constexpr mode_t kExecutableMode = 0777;

// The build may have put folders of its own before ours.
std::string without_directory(const std::string& path, const std::string& directory) {
  std::string rest;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    if (path.compare(at, end - at, directory) != 0) {
      rest += (rest.empty() ? "" : ":") + path.substr(at, end - at);
    }
    at = end + 1;
  }
  return rest;
}

bool leaves_placeholders(const model::Inferred& inferred) {
  return std::any_of(inferred.outputs.begin(), inferred.outputs.end(),
                     [](const model::Output& output) { return output.made == model::Output::Made::Always; });
}

}  // namespace

struct Commands::Job {
  Request request;
  std::shared_ptr<Answer> answer;
  model::Invocation invocation;
  base::Nanoseconds started{0};
  int questions = 0;
  Bet bet;
};

Commands::Commands(Settings settings, model::Models& models, Forcer& forcer, object::FileStore& store,
                   Registry& registry, Ledger& ledger, base::Clock& clock, Observer& observer, Lost lost)
    : settings_(settings),
      models_(models),
      forcer_(forcer),
      store_(store),
      registry_(registry),
      ledger_(ledger),
      clock_(clock),
      observer_(observer),
      lost_(std::move(lost)),
      gate_(settings.natives),
      own_input_(own_stream(STDIN_FILENO)),
      own_output_(own_stream(STDOUT_FILENO)),
      own_error_(own_stream(STDERR_FILENO)) {}

void Commands::use_path(std::string directory, std::string path) {
  path_directory_ = std::move(directory);
  path_ = std::move(path);
}

// What is inferred has to mean the real tools, also those that a compiler finds by PATH.
void Commands::use_real_path(model::Invocation& invocation) const {
  const auto path = invocation.environment.find("PATH");
  if (path != invocation.environment.end()) {
    path->second = without_directory(path->second, path_directory_);
  }
  if (invocation.program.starts_with(path_directory_ + "/")) {
    const std::string name = last_part(invocation.program);
    invocation.program = base::find_program(name, path != invocation.environment.end() ? path->second : path_,
                                            invocation.working_directory)
                             .value_or(name);
    // A driver looks for its own files beside argv[0].
    if (!invocation.argv.empty() && invocation.argv[0].starts_with(path_directory_ + "/")) {
      invocation.argv[0] = invocation.program;
    }
  }
}

void Commands::handle(Request request, std::shared_ptr<Answer> answer) {
  auto job = std::make_shared<Job>();
  job->started = clock_.steady();
  job->request = std::move(request);
  job->answer = std::move(answer);
  job->invocation = {job->request.program, job->request.argv, job->request.environment,
                     job->request.working_directory};
  job->invocation.file_mode_mask = job->request.file_mode_mask;
  if (!path_directory_.empty()) {
    use_real_path(job->invocation);
  }
  ledger_.post([this, job] { infer(job); });
}

void Commands::infer(const JobRef& job) {
  if (job->invocation.working_directory.empty() || job->invocation.working_directory[0] != '/') {
    run_natively(job, "no-working-directory", "");
    return;
  }
  if (is_experiment(job->request.pid, top_, job->invocation.working_directory)) {
    run_natively(job, "experiment", "");
    return;
  }
  model::Inference inference = models_.infer(job->invocation);
  if (auto* declined = std::get_if<model::Declined>(&inference)) {
    run_natively(job, declined->reason, declined->detail);
  } else if (auto* must_read = std::get_if<model::MustRead>(&inference)) {
    force_then(must_read->promises, [this, job](bool forced) {
      if (forced) {
        ask_again(job);
      } else {
        run_natively(job, "input-failed", "");
      }
    });
  } else {
    take(job, std::move(std::get<model::Inferred>(inference)));
  }
}

void Commands::ask_again(const JobRef& job) {
  if (++job->questions > kMostQuestions) {
    run_natively(job, "too-many-questions", "");
  } else {
    infer(job);
  }
}

// `then` is called once, on a worker, when all are in place or one could not be.
void Commands::force_then(const std::vector<object::Promise>& promises,
                          const std::function<void(bool)>& then) {
  struct Together {
    std::atomic<size_t> left{0};
    std::atomic<bool> all_well{true};
  };

  if (promises.empty()) {
    then(true);
    return;
  }
  const auto together = std::make_shared<Together>();
  together->left = promises.size();
  for (const object::Promise& promise : promises) {
    ledger_.force(promise, [together, then](const base::Result<void>& forced) {
      if (!forced) {
        together->all_well = false;
      }
      if (--together->left == 0) {
        then(together->all_well);
      }
    });
  }
}

void Commands::run_natively(const JobRef& job, const std::string& reason, const std::string& detail) {
  std::vector<object::Promise> promises;
  for (const std::string& path : paths_named_by(job->invocation)) {
    const auto promise = read_placeholder(path);
    if (promise && ledger_.knows(promise->thunk)) {
      registry_.add(*promise, canonical(path));
      promises.push_back(*promise);
    }
  }
  // The tool looks at its inputs itself even when one could not be made: its message is the right one.
  force_then(promises, [this, job, reason, detail](bool) {
    report(job, Outcome::Native, reason, detail, nullptr);
    if (reason == "unknown-tool") {
      job->answer->run_here();
    } else {
      let_run(job);
    }
  });
}

// A pipe that one of those above holds open is no pipeline: make gives its jobs such a one to read nothing
// from.
bool Commands::reads_from_a_pipeline(const Request& request) const {
  const StreamId& input = request.streams[0];
  if (!is_pipe(input) || input == own_input_) {
    return false;
  }
  for (auto process = read_process(request.pid); process && process->parent > 1 && process->pid != top_;
       process = read_process(process->parent)) {
    if (holds(process->parent, input)) {
      return false;
    }
  }
  return true;
}

// A tool that gg has a model of works alone, so a place at the gate is not kept from whom it waits for. In a
// pipeline it does wait, for one that may have no place yet.
void Commands::let_run(const JobRef& job) {
  if (reads_from_a_pipeline(job->request)) {
    job->answer->run_real_tool();
    return;
  }
  gate_.enter(job->request.pid, [job] { job->answer->run_real_tool(); });
}

void Commands::take(const JobRef& job, model::Inferred inferred) {
  if (stopping_) {
    job->answer->exit(1, "", "");
    return;
  }
  if (const auto path = output_that_cannot_be_made(inferred)) {
    run_natively(job, "output-not-writable", *path);
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    thunks_.insert(inferred.thunk);
  }
  if (replay(job, inferred)) {
    return;
  }
  if (const auto kept = models_.keep(inferred); !kept) {
    run_natively(job, "error", kept.error().message);
    return;
  } else if (!*kept) {
    ask_again(job);  // a source changed just now
    return;
  }
  if (inferred.caller_waits) {
    job->bet.reason = "described-tool";
  } else if (settings_.lazy && !leaves_placeholders(inferred)) {
    job->bet.reason = "no-outputs";  // nobody could ever ask for it, and a stamp may say that it went well
  } else if (settings_.placeholders) {
    const auto makeflags = job->request.environment.find("MAKEFLAGS");
    Caller caller;
    caller.pid = job->request.pid;
    caller.top = top_;
    caller.argv = job->request.argv;
    caller.working_directory = job->request.working_directory;
    caller.makeflags = makeflags == job->request.environment.end() ? "" : makeflags->second;
    caller.standard_output = job->request.streams[1];
    caller.standard_error = job->request.streams[2];
    job->bet = judge_caller(caller, own_output_, own_error_);
  } else {
    job->bet.reason = "no-placeholders";
  }
  if (!job->bet.allowed || !promise(job, inferred)) {
    wait_for(job, inferred);
  }
}

// A known result: everything is there when the command returns.
bool Commands::replay(const JobRef& job, const model::Inferred& inferred) {
  const auto result = forcer_.known(inferred.thunk);
  const auto streams = result && result->exit_code == 0 ? finish(job, inferred, *result) : std::nullopt;
  if (!streams) {
    return false;  // not known, or no longer held: made again
  }
  report(job, Outcome::Hit, "", "", &inferred);
  job->answer->exit(result->exit_code, streams->out, streams->err);
  return true;
}

// The bet: placeholders, and 0.
bool Commands::promise(const JobRef& job, const model::Inferred& inferred) {
  for (const model::Output& output : inferred.outputs) {
    if (!placeholder_text({inferred.thunk, output.name})) {
      job->bet = {};
      job->bet.reason = "output-name-too-long";
      return false;
    }
  }
  ledger_.expect(inferred.thunk, inferred.label, nullptr, nullptr);
  const mode_t mask = job->request.file_mode_mask;
  const auto at = [this](const std::string& path) {
    registry_.will_place(path);
    return path;
  };
  if (!write_now_files(inferred, mask, at)) {
    job->bet = {};
    job->bet.reason = "placeholder-not-written";
    return false;
  }
  for (const model::Output& output : inferred.outputs) {
    if (output.made == model::Output::Made::Perhaps) {
      continue;
    }
    const mode_t mode = (output.executable ? kExecutableMode : kFileMode) & ~mask;
    const auto written = registry_.write({inferred.thunk, output.name}, output.path, mode);
    if (!written) {
      job->bet = {};
      job->bet.reason = "placeholder-not-written";
      job->bet.detail = written.error().message;
      return false;
    }
  }
  report(job, Outcome::Promised, "", "", &inferred);
  ledger_.expect(
      inferred.thunk, inferred.label,
      [this, job, inferred](const base::Result<ir::Result>& result) { settle(job, inferred, result); },
      again(job, inferred));
  if (!settings_.lazy) {
    ledger_.start(inferred.thunk);
  }
  job->answer->exit(0, "", "");
  job->answer.reset();
  return true;
}

void Commands::wait_for(const JobRef& job, const model::Inferred& inferred) {
  ledger_.expect(inferred.thunk, inferred.label, nullptr, again(job, inferred));
  const auto streams = std::make_shared<Streams>();
  const Ledger::Told placed = [this, job, inferred, streams](const base::Result<ir::Result>& result) {
    if (result && result->exit_code == 0) {
      report(job, Outcome::Waited, job->bet.reason, job->bet.detail, &inferred);
      job->answer->exit(result->exit_code, streams->out, streams->err);
    } else if (stopping_) {
      job->answer->exit(1, "", "");
    } else {
      // Whoever waits gets the tool's own word: its status, its messages, and what it leaves behind.
      run_natively(job, result ? "failed-in-container" : "not-forced",
                   result ? "exit " + std::to_string(result->exit_code) : result.error().message);
    }
  };
  const Ledger::Put place = [this, job, inferred, streams](const ir::Result& result) -> base::Result<void> {
    auto finished = finish(job, inferred, result);
    if (!finished) {
      return base::failure("outputs of '" + inferred.label + "' could not be put in place",
                           base::FailureKind::RetryHere);
    }
    *streams = *std::move(finished);
    return {};
  };
  ledger_.need(inferred.thunk,
               [this, thunk = inferred.thunk, place, placed](const base::Result<ir::Result>& result) {
                 if (result && result->exit_code == 0) {
                   ledger_.put(thunk, *result, place, placed);
                 } else {
                   placed(result);
                 }
               });
}

// The model may have missed a file that the command reads: it asks the real compiler, once.
Ledger::Again Commands::again(const JobRef& job, const model::Inferred& inferred) {
  return [this, job, inferred]() -> base::Result<std::optional<Ledger::Instead>> {
    const auto other =
        inferred_again(models_, job->invocation, inferred, [this] { return stopping_.load(); });
    if (!other) {
      return tl::unexpected(other.error());
    }
    if (!*other) {
      return std::nullopt;
    }
    Ledger::Instead instead{(*other)->thunk, (*other)->label, {}};
    for (size_t i = 0; i < inferred.outputs.size(); ++i) {
      instead.output_names[inferred.outputs[i].name] = (*other)->outputs[i].name;
    }
    return instead;
  };
}

void Commands::settle(const JobRef& job, const model::Inferred& inferred,
                      const base::Result<ir::Result>& result) {
  if (!result || result->exit_code != 0) {
    if (!stopping_) {
      report_lost(job, inferred, result);
    }
    return;
  }
  for (const model::Output& output : inferred.outputs) {
    if (output.made == model::Output::Made::Always && result->outputs.count(output.name) == 0) {
      report_lost(job, inferred,
                  base::failure("'" + output.path + "' was not made", base::FailureKind::Deterministic));
      return;
    }
  }
  const Ledger::Put place = [this, job, inferred](const ir::Result& made) {
    return place_outputs(store_, inferred, made, OutputsToPlace::OnlyPerhaps, job->request.file_mode_mask,
                         [this](const std::string& output) { return taken_over(output); });
  };
  ledger_.put(inferred.thunk, *result, place, [this, job, inferred](const base::Result<ir::Result>& placed) {
    if (placed && placed->exit_code == 0) {
      tell_late(job, *placed);
    } else if (!stopping_) {
      report_lost(job, inferred, placed);
    }
  });
}

void Commands::tell_late(const JobRef& job, const ir::Result& result) {
  std::string out = job->bet.output_unwanted ? "" : bytes_of(result.standard_output);
  std::string err = job->bet.errors_unwanted ? "" : bytes_of(result.standard_error);
  if (job->bet.errors_to_output) {
    out += std::exchange(err, "");
  }
  if (job->bet.shown_by_ninja) {
    out = as_ninja_shows(out, job->request.environment);
  }
  if (!out.empty() || !err.empty()) {
    observer_.late_output(out, err);
  }
}

void Commands::report_lost(const JobRef& job, const model::Inferred& inferred,
                           const base::Result<ir::Result>& result) {
  registry_.remove(inferred.thunk);
  FailedCommand failed;
  failed.label = inferred.label;
  failed.argv = job->invocation.argv;
  failed.working_directory = job->invocation.working_directory;
  failed.below_make = job->bet.below_make;
  if (result) {
    failed.exit_code = result->exit_code;
    failed.diagnostics = bytes_of(result->standard_output) + bytes_of(result->standard_error);
    if (job->bet.shown_by_ninja) {
      failed.diagnostics = as_ninja_shows(failed.diagnostics, job->request.environment);
    }
  } else {
    failed.message = result.error().message;
  }
  {
    const std::scoped_lock lock(mutex_);
    failures_.push_back(failed);
  }
  observer_.failed(failed);
  lost_(job->bet);
}

// What is put in place there is no placeholder of ours any more.
std::string Commands::taken_over(const std::string& output) {
  std::string path = canonical(output);
  registry_.abandon(path);
  registry_.will_place(path);
  return path;
}

std::optional<Streams> Commands::finish(const JobRef& job, const model::Inferred& inferred,
                                        const ir::Result& result) {
  return intercept::finish(store_, inferred, result, job->request.file_mode_mask,
                           [this](const std::string& output) { return taken_over(output); });
}

void Commands::report(const JobRef& job, Outcome outcome, const std::string& reason,
                      const std::string& detail, const model::Inferred* inferred) {
  CommandReport told = report_of(outcome, reason, detail, job->invocation, inferred);
  told.started = job->started;
  told.took = clock_.steady() - job->started;
  observer_.command(told);
}

std::string Commands::bytes_of(const std::optional<object::Digest>& digest) {
  if (!digest) {
    return "";
  }
  const auto bytes = store_.get(*digest);
  if (bytes && *bytes) {
    return **bytes;
  }
  return "gg: what this command wrote (" + digest->to_string() + ") is no longer in the store\n";
}

std::set<object::Digest> Commands::thunks() const {
  const std::scoped_lock lock(mutex_);
  return thunks_;
}

std::vector<FailedCommand> Commands::failures() const {
  const std::scoped_lock lock(mutex_);
  return failures_;
}

}  // namespace intercept
