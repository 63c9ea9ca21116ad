#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "cli/command_record.hh"
#include "cli/commands.hh"
#include "cli/execution.hh"
#include "cli/models_here.hh"
#include "cli/progress_thread.hh"
#include "cli/say.hh"
#include "cli/stop_signals.hh"
#include "cli/tool_files.hh"
#include "cli/totals.hh"
#include "intercept/session.hh"

#include <fmt/format.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>

namespace cli {

namespace {

// Writes down what interception tells, and shows what the user should see at once.
class BuildObserver final : public intercept::Observer {
 public:
  BuildObserver(Journal& journal, const base::Clock& clock, bool explain)
      : journal_(journal), clock_(clock), explain_(explain) {}

  void command(const intercept::CommandReport& report) override {
    const CommandRecord record = record_of(report, clock_.wall());
    journal_.command(record);
    if (explain_) {
      say_what_became(record.outcome, record.label, record.reason, record.detail);
    }
  }

  void late_output(std::string_view standard_output, std::string_view standard_error) override {
    base::write_all(STDOUT_FILENO, standard_output, "standard output");
    base::write_all(STDERR_FILENO, standard_error, "standard error");
  }

  // The first failure's diagnostics come at the end, once; only those of others are shown as they come in.
  void failed(const intercept::FailedCommand& command) override {
    if (failures_++ > 0) {
      base::write_all(STDERR_FILENO, command.diagnostics, "standard error");
    }
  }

  void note(const std::string& text) override { say(text); }

 private:
  Journal& journal_;
  const base::Clock& clock_;
  bool explain_;
  unsigned failures_ = 0;
};

// What the user needs of a failed command: what it said, that it failed, and the line that repeats it.
void show_failure(const intercept::FailedCommand& command) {
  if (!command.diagnostics.empty()) {
    base::write_all(STDERR_FILENO, command.diagnostics, "standard error");
  }
  say(fmt::format("failed: {}{}", command.label,
                  command.message.empty() ? fmt::format(" (exit {})", command.exit_code)
                                          : ": " + base::printable(command.message)));
  say(fmt::format("to reproduce: cd {} && {}", base::shell_quoted(command.working_directory),
                  base::shell_quoted(command.argv)));
}

// What make ends with, whatever a command of its own ended with (GNU make's manual, "Running").
constexpr int kMakeFailed = 2;

// Where thunks are executed here, everything is here.
intercept::Leave leave_of(const Storage& storage, const Settings& settings) {
  if (!storage.executes_elsewhere() || settings.download == "all") {
    return intercept::Leave::Nothing;
  }
  return settings.download == "targets" ? intercept::Leave::Intermediates : intercept::Leave::Unread;
}

int exit_status(const intercept::Finished& finished) {
  // The status of a build that gg itself ended is gg's doing, and says nothing.
  if (finished.exit_code != 0 && !finished.ended_for_failure) {
    return finished.exit_code;
  }
  if (!finished.failures.empty()) {
    const intercept::FailedCommand& first = finished.failures.front();
    return first.below_make ? kMakeFailed : first.exit_code != 0 ? first.exit_code : kFailed;
  }
  return finished.left_over.empty() ? kOk : kFailed;
}

EndRecord end_record(int status, const base::Clock& clock, const model::GnuModels::Statistics& statistics) {
  EndRecord record;
  record.exit_code = status;
  record.ended_ns = clock.wall().count();
  record.infer_ns = statistics.time.count();
  record.scanned = statistics.dependencies.scanned;
  for (const auto& [reason, asked] : statistics.dependencies.asked) {
    record.asked.emplace(reason, asked.times);
  }
  return record;
}

}  // namespace

int run_build(const Request& request, const Environment& environment) {
  const Settings& settings = request.settings;
  if (request.command == "infer" && settings.sandbox == "none") {
    throw UsageError("without a sandbox nothing can stay a placeholder; see `gg infer --help`");
  }
  std::vector<model::DescribedTool> described =
      read_tool_files(settings, std::filesystem::current_path().string());
  StopSignals stop_signals;  // before any thread: they inherit the blocked signals
  const auto storage = open_storage_and_server(settings, environment);
  const RunRecord head = head_of_run(request.words, storage->clock());
  Journal journal(settings.store, head);

  // A failure is an answer where somebody waits for it (configure, `||`). Whether it ends the build is for
  // the session to say, which knows who was told what.
  Execution execution(*storage, settings, &journal, sched::OnFailure::KeepGoing);
  ModelsHere here(*storage, std::move(described));
  model::GnuModels& models = here.models();
  BuildObserver observer(journal, storage->clock(), settings.explain);

  intercept::Options options;
  options.state_dir = settings.store + "/sessions";
  options.path_dir = settings.store + "/path";
  options.lazy = request.command == "infer";
  options.leave = leave_of(*storage, settings);
  options.placeholders = settings.sandbox != "none";  // docs/decisions/no-sandbox.md
  options.keep_going = settings.keep_going;
  base::make_directories(options.state_dir);
  base::SystemClock clock;
  intercept::Session session(options, models, execution, storage->whole(), clock, observer);
  intercept::Finished finished;
  std::atomic<int> stopped_by{0};
  {
    const auto watch = stop_signals.watch([&](int signal) {
      stopped_by = signal;
      if (signal == StopSignals::kDrain) {
        session.drain(StopSignals::kDrained);
      } else {
        session.stop(signal);
      }
    });
    const ProgressThread progress([&execution] { return execution.progress(); }, clock,
                                  display_kind(settings, environment));
    finished = session.run(request.words, environment_words(environment), head.working_directory);
  }

  const int status = stopped_by != 0 ? 128 + stopped_by : exit_status(finished);
  journal.end(end_record(status, storage->clock(), models.statistics()));
  if (stopped_by == StopSignals::kDrain) {
    say(fmt::format("{}: {} thunks are left; the same command goes on from here", StopSignals::kDrained,
                    finished.left));
  }
  for (const std::string& message : finished.left_over) {
    say(message);
  }
  if (!finished.failures.empty()) {
    show_failure(finished.failures.front());
  }
  if (settings.summary != "off" && !settings.quiet) {
    const Totals totals = totals_of(read_journal(settings.store, journal.id()));
    fmt::print(stderr, "{}",
               settings.summary == "json" || settings.json ? summary_json(totals, journal.id())
                                                           : summary_text(totals, journal.id()));
  }
  return status;
}

}  // namespace cli
