#include "cli/cc.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/program_path.hh"
#include "base/quote.hh"
#include "cli/command_record.hh"
#include "cli/commands.hh"
#include "cli/execution.hh"
#include "cli/journal.hh"
#include "cli/models_here.hh"
#include "cli/placing_record.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/tool_files.hh"
#include "intercept/command_steps.hh"
#include "intercept/placeholder.hh"
#include "intercept/placing.hh"
#include "intercept/session.hh"
#include "sched/steps.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>

extern "C" char** environ;

namespace cli {

namespace {

constexpr int kHeapStep = 4 << 20;
constexpr int kMostTries = 5;
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

constexpr int kNotExecutable = 126;  // as a shell says it
constexpr int kNotFound = 127;

// How the caller of gg cc treats signals, which the tool inherits.
struct Inherited {
  struct sigaction broken_pipe {};

  sigset_t mask{};
};

Inherited inherited() {
  Inherited signals;
  ::sigaction(SIGPIPE, nullptr, &signals.broken_pipe);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &signals.mask);
  return signals;
}

struct Tool {
  std::string program;  // as it was called where that has a slash, since a script's $0 is this very word
  std::vector<std::string> argv;
  Inherited signals;
};

// Execs. Returns what went wrong.
int execute(const std::string& program, const std::vector<std::string>& argv, const Inherited& signals) {
  std::vector<char*> words;
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));  // execve's signature; it does not write
  }
  words.push_back(nullptr);
  // What is ignored or blocked here, and was not by the caller, would stay so in the tool.
  ::sigaction(SIGPIPE, &signals.broken_pipe, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &signals.mask, nullptr);
  ::execve(program.c_str(), words.data(), environ);
  return errno;
}

int become(const Tool& tool) {
  const int error = execute(tool.program, tool.argv, tool.signals);
  say(fmt::format("execute '{}': {}", base::printable(tool.program), std::generic_category().message(error)));
  return error == ENOENT ? kNotFound : kNotExecutable;
}

// As the tool would have died of it, so that the build tells it from a failure.
int die_of(int number) {
  ::signal(number, SIG_DFL);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, number);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(number);
  return 128 + number;
}

// A session in namespaces has its shim mounted over the tool; whoever executes that is in its hands.
bool stands_under_a_shim(const std::string& program) {
  struct statx status {};

  return ::statx(AT_FDCWD, program.c_str(), 0, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

std::string variable(const Environment& environment, const char* name, const char* otherwise) {
  const auto found = environment.find(name);
  return found == environment.end() ? otherwise : found->second;
}

// The session that this command belongs to takes it over; returns if there is none.
void hand_to_session(const Tool& tool, const Environment& environment) {
  if (stands_under_a_shim(tool.program)) {
    (void)execute(tool.program, tool.argv, tool.signals);
  }
  for (const char* const name : {intercept::kLauncherVariable, intercept::kLauncherPastMountsVariable}) {
    const std::string launcher = variable(environment, name, "");
    if (!launcher.empty()) {
      std::vector<std::string> argv{tool.program};
      argv.insert(argv.end(), tool.argv.begin(), tool.argv.end());
      (void)execute(launcher, argv, tool.signals);  // a session that is over has taken its launcher away
    }
  }
}

// One command, outside any session: a memo's outputs put in place, else executed in a container of its own.
class Command {
 public:
  Command(const Settings& settings, const Tool& tool, const Environment& environment)
      : settings_(settings),
        storage_(open_storage(settings)),
        started_(storage_->clock().steady()),
        journal_(Journal::of_launchers(settings.store, storage_->clock().wall())),
        placing_(settings.store),
        invocation_{absolute_path(tool.program),
                    tool.argv,
                    environment,
                    std::filesystem::current_path().string(),
                    ::isatty(STDERR_FILENO) != 0,
                    base::file_mode_mask()},
        here_(*storage_, read_tool_files(settings, project_around(invocation_.working_directory)),
              [this](const std::string& path, const object::Promise& promise) { see(path, promise); }) {}

  // The exit status, or a signal's number negated; nullopt: the tool itself is to run.
  [[nodiscard]] std::optional<int> run() {
    const std::optional<int> status = decide();
    watch_.reset();  // a signal that comes from here on stays pending, and the tool gets it
    return stopped_by_ == 0 ? status : -stopped_by_;
  }

 private:
  std::optional<int> decide() {
    const auto inference = infer(invocation_);
    if (!inference) {
      return kFailed;
    }
    if (const auto* inferred = std::get_if<model::Inferred>(&*inference)) {
      return take(*inferred);
    }
    const auto& declined = std::get<model::Declined>(*inference);
    return natively(declined.reason, declined.detail);
  }

  // What the models say once all that they have to read is real; never MustRead. Nullopt: something cannot be
  // made real.
  std::optional<model::Inference> infer(const model::Invocation& invocation) {
    for (int question = 0; question < intercept::kMostQuestions; ++question) {
      model::Inference inference = here_.models().infer(invocation);
      const auto* must_read = std::get_if<model::MustRead>(&inference);
      if (must_read == nullptr) {
        return inference;
      }
      if (!make_all_real(must_read->promises)) {
        return std::nullopt;
      }
    }
    return model::Declined{"too-many-questions", ""};
  }

  void see(const std::string& path, const object::Promise& promise) {
    const std::scoped_lock lock(mutex_);
    placeholders_[promise].insert(path);
  }

  std::optional<int> take(const model::Inferred& inferred) {
    if (const auto path = intercept::output_that_cannot_be_made(inferred)) {
      return natively("output-not-writable", *path);
    }
    const auto memo = sched::Steps(storage_->refilling(), storage_->records()).memo(inferred.thunk);
    if (memo && *memo && !(*memo)->owes() && finish(inferred, **memo)) {
      report(intercept::Outcome::Hit, "hit", "", "", &inferred);
      return (*memo)->exit_code;
    }
    if (!can_execute()) {
      return natively("no-container", no_container_);
    }
    std::string why;
    if (keep(inferred, why) && succeeds(inferred, why)) {
      return kOk;
    }
    // The model may have missed a file that the command reads: it asks the real compiler, once.
    const auto other =
        intercept::inferred_again(here_.models(), invocation_, inferred, [this] { return stopped_by_ != 0; });
    if (other && *other && (*other)->thunk != inferred.thunk && succeeds(**other, why)) {
      return kOk;
    }
    if (stopped_by_ != 0) {
      return std::nullopt;
    }
    return natively("failed-in-container", why);  // its messages and what it leaves are the tool's own
  }

  bool keep(const model::Inferred& inferred, std::string& why) {
    const base::Result<bool> kept = here_.models().keep(inferred);
    if (!kept || !*kept) {
      why = kept ? "an input changed meanwhile" : kept.error().message;
      return false;
    }
    return true;
  }

  bool succeeds(const model::Inferred& inferred, std::string& why) {
    const base::Result<ir::Result> result = force(inferred.thunk, inferred.label);
    if (result && result->exit_code == 0 && finish(inferred, *result)) {
      report(intercept::Outcome::Waited, "ran", "launcher", "", &inferred);
      return true;
    }
    why = result ? fmt::format("exit {}", result->exit_code) : result.error().message;
    return false;
  }

  bool can_execute() {
    if (execution_) {
      return true;
    }
    if (settings_.sandbox == "none") {
      no_container_ = "--sandbox=none";
      return false;
    }
    auto runner = open_runner(*storage_, settings_);
    if (!runner) {
      no_container_ = runner.error().message;
      return false;
    }
    stop_signals_.emplace();  // before the threads that come now
    execution_.emplace(*storage_, settings_, &journal_, sched::OnFailure::KeepGoing, std::move(*runner));
    watch_ = stop_signals_->watch([this](int signal) {
      stopped_by_ = signal;
      execution_->cancel_all();
    });
    return true;
  }

  base::Result<ir::Result> force(const object::Digest& thunk, const std::string& label) {
    std::promise<base::Result<ir::Result>> promised;
    auto result = promised.get_future();
    if (stopped_by_ != 0) {
      return base::failure("stopped", base::FailureKind::RetryHere);
    }
    execution_->submit(thunk, label,
                       [&promised](const base::Result<ir::Result>& got) { promised.set_value(got); });
    if (stopped_by_ != 0) {  // between the two the watch found nothing to cancel
      execution_->cancel_all();
    }
    return result.get();
  }

  bool make_all_real(const std::vector<object::Promise>& promises) {
    return std::all_of(promises.begin(), promises.end(),
                       [this](const object::Promise& promise) { return make_real(promise); });
  }

  // False, and said: whoever read the placeholder as data would build something wrong.
  bool make_real(const object::Promise& promise) {
    if (!can_execute()) {
      say("'" + base::printable(promise.output) +
          "' is still a placeholder, and there is no container to make it in: " + no_container_);
      return false;
    }
    const base::Result<ir::Result> result = force(promise.thunk, "");
    if (stopped_by_ != 0) {
      return false;
    }
    const auto made = result ? result->outputs.find(promise.output) : decltype(result->outputs.end()){};
    if (!result || result->exit_code != 0 || made == result->outputs.end()) {
      say(fmt::format("cannot make '{}' real, which '{}' reads: {}", base::printable(promise.output),
                      base::printable(invocation_.argv.at(0)),
                      result ? "its command failed" : result.error().message));
      return false;
    }
    return put(promise, made->second, paths_of(promise));
  }

  std::vector<std::string> paths_of(const object::Promise& promise) {
    const std::scoped_lock lock(mutex_);
    const std::set<std::string>& paths = placeholders_[promise];
    return {paths.begin(), paths.end()};
  }

  // Others may be at the same files: what counts is that in the end none of them is the promise any more.
  bool put(const object::Promise& promise, const object::Entry& entry,
           const std::vector<std::string>& paths) {
    std::vector<std::string> left = paths;
    for (const std::string& path : paths) {
      placing_.will_place(path);
    }
    for (int tries = 0; tries < kMostTries && !left.empty(); ++tries) {
      const auto putting = intercept::put_in_place(
          storage_->store(), promise, entry, left,
          [](const std::string&, const std::function<base::Result<bool>()>& swap) { return swap(); });
      for (const base::Error& error : putting.errors) {
        say(error.message);
      }
      if (!putting.errors.empty()) {
        return false;
      }
      std::erase_if(left,
                    [&](const std::string& path) { return intercept::read_placeholder(path) != promise; });
    }
    for (const std::string& path : left) {
      say("'" + base::printable(path) + "' is a placeholder again and again: another process writes it");
    }
    return left.empty();
  }

  // Puts outputs and depfiles in place and repeats what the command said. False: something of it is lost, or
  // cannot be written.
  bool finish(const model::Inferred& inferred, const ir::Result& result) {
    const auto streams = intercept::finish(storage_->refilling(), inferred, result,
                                           invocation_.file_mode_mask, [this](const std::string& path) {
                                             placing_.will_place(path);
                                             return path;
                                           });
    if (!streams) {
      return false;
    }
    base::write_all(STDOUT_FILENO, streams->out, "standard output");
    base::write_all(STDERR_FILENO, streams->err, "standard error");
    return true;
  }

  std::optional<int> natively(const std::string& reason, const std::string& detail) {
    if (!make_real_what_it_reads()) {
      return kFailed;
    }
    report(intercept::Outcome::Native, "native", reason, detail, nullptr);
    return std::nullopt;
  }

  // Nobody holds the tool when it opens a placeholder: whatever it may read has to be real before. What the
  // models have looked at is known; a command that they declined is looked through for what it names.
  bool make_real_what_it_reads() {
    for (const model::Invocation& part : intercept::preprocessing_in(invocation_)) {
      if (!infer(part)) {
        return false;
      }
    }
    for (std::set<object::Promise> made;;) {
      for (const std::string& path : intercept::paths_led_to_by(invocation_)) {
        here_.look(path);  // sees what is a placeholder
      }
      std::vector<object::Promise> promises;
      {
        const std::scoped_lock lock(mutex_);
        for (const auto& [promise, paths] : placeholders_) {
          if (made.insert(promise).second) {
            promises.push_back(promise);
          }
        }
      }
      if (promises.empty()) {
        return true;
      }
      if (!make_all_real(promises)) {
        return false;
      }  // and once more: among them may be a response file
    }
  }

  void report(intercept::Outcome outcome, const char* said, const std::string& reason,
              const std::string& detail, const model::Inferred* inferred) {
    intercept::CommandReport told = intercept::report_of(outcome, reason, detail, invocation_, inferred);
    told.took = storage_->clock().steady() - started_;
    journal_.command(record_of(told, storage_->clock().wall()));
    if (settings_.explain) {
      say_what_became(said, told.label, outcome == intercept::Outcome::Native ? reason : "", detail);
    }
  }

  const Settings& settings_;
  std::unique_ptr<Storage> storage_;
  base::Nanoseconds started_;
  Journal journal_;
  PlacingRecord placing_;
  std::mutex mutex_;
  std::map<object::Promise, std::set<std::string>> placeholders_;  // seen so far, and where
  model::Invocation invocation_;
  ModelsHere here_;
  std::optional<StopSignals> stop_signals_;
  std::optional<Execution> execution_;
  std::atomic<int> stopped_by_{0};
  std::unique_ptr<StopSignals::Watch> watch_;
  std::string no_container_;
};

std::optional<int> by_itself(const std::vector<std::string>& argv, const Tool& tool,
                             const Environment& environment) {
  try {
    const Request request = parse_command_line(argv, environment);
    return Command(request.settings, tool, environment).run();
  } catch (const base::OperatorError& error) {  // no store, no home, a broken config: the build goes on
    say(std::string(error.what()) + "; '" + tool.argv.at(0) + "' runs without gg");
  } catch (const base::SyscallError& error) {
    say(std::string(error.what()) + "; '" + tool.argv.at(0) + "' runs without gg");
  }
  return std::nullopt;
}

}  // namespace

int launch(const std::vector<std::string>& argv, const std::vector<std::string>& command,
           const Environment& environment) {
  std::error_code no_directory;
  const auto program = base::find_program(command.at(0), variable(environment, "PATH", kDefaultPath),
                                          std::filesystem::current_path(no_directory).string());
  if (!program) {
    say("'" + base::printable(command.at(0)) + "' is not on PATH");
    return kNotFound;
  }
  const Tool tool{command.at(0).find('/') == std::string::npos ? *program : command.at(0), command,
                  inherited()};
  hand_to_session(tool, environment);
  // For a process that lives for some milliseconds, growing the heap in small steps takes a share of them.
  ::mallopt(M_TOP_PAD, kHeapStep);
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return become(tool);
  }
  const auto status = no_directory ? std::nullopt : by_itself(argv, tool, environment);
  if (!status) {
    return become(tool);
  }
  return *status < 0 ? die_of(-*status) : *status;
}

}  // namespace cli
