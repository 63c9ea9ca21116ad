#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/totals.hh"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

namespace cli {

namespace {

using nlohmann::json;

double seconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

std::string state_of(const RunRecord& run) {
  return run.ended_ns == 0 ? "unfinished" : fmt::format("exit {}", run.exit_code);
}

std::string local_time(int64_t nanoseconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                     fmt::localtime(static_cast<std::time_t>(nanoseconds / 1'000'000'000)));
}

json summary(const RunRecord& run) {
  const Totals totals = totals_of(run);
  return {{"run", run.id},
          {"argv", run.argv},
          {"cwd", run.working_directory},
          {"state", state_of(run)},
          {"thunks", totals.thunks},
          {"hits", totals.hits},
          {"ran", totals.ran},
          {"failed", totals.failed},
          {"started_ns", run.started_ns},
          {"billed_micro_dollars", totals.billed_micro_dollars},
          {"ended_ns", run.ended_ns}};
}

int list_runs(const Settings& settings) {
  json array = json::array();
  for (const std::string& id : run_ids(settings.store)) {
    const RunRecord run = read_journal(settings.store, id);
    if (settings.json) {
      array.push_back(summary(run));
      continue;
    }
    const Totals totals = totals_of(run);
    fmt::print("{}  {}  {:>8.1f} s  {:<10}  {:>5} hits {:>5} ran {:>3} failed  {}  (in {})\n", id,
               local_time(run.started_ns), seconds(std::max<int64_t>(0, run.ended_ns - run.started_ns)),
               state_of(run), totals.hits, totals.ran, totals.failed, base::shell_quoted(run.argv),
               run.working_directory);
  }
  if (settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

// One thing that happened, and when.
struct Event {
  int64_t at_ns = 0;  // since 1970; 0: an older gg did not say
  std::string outcome;
  std::string text;
};

Event event_of(const CommandRecord& command) {
  std::string text = command.label;
  if (!command.reason.empty()) {
    text += "  " + command.reason + (command.detail.empty() ? "" : ": " + command.detail);
  }
  return {command.started_ns, command.outcome, text};
}

std::string times_of(const AttemptRecord& attempt) {
  const std::string queued =
      attempt.queued_ns == 0 ? "" : fmt::format("queued {:.3f} s, ", seconds(attempt.queued_ns));
  return fmt::format("waited {:.3f} s, {}fetch {:.3f} s, set up {:.3f} s, execute {:.3f} s, collect {:.3f} s",
                     seconds(attempt.waited_ns), queued, seconds(attempt.fetch_ns),
                     seconds(attempt.set_up_ns), seconds(attempt.execute_ns), seconds(attempt.collect_ns));
}

std::string answer_of(const AttemptRecord& attempt) {
  if (!attempt.cancelled.empty()) {
    return fmt::format("cancelled ({}) after {:.3f} s", attempt.cancelled, seconds(attempt.took_ns));
  }
  if (!attempt.error.empty()) {
    return fmt::format("no answer ({}): {}", attempt.failure, attempt.error);
  }
  return fmt::format("exit {}, {} bytes; {}", attempt.exit_code, attempt.output_bytes, times_of(attempt));
}

Event event_of(const AttemptRecord& attempt, const std::string& label) {
  const std::string which = attempt.number > 1 ? fmt::format(", try {}", attempt.number) : "";
  return {attempt.ended_ns, "attempt",
          fmt::format("{}  on {}{}{}{}: {}{}", label, attempt.place, which, at_worker(attempt),
                      attempt.duplicate ? " (beside another)" : "", answer_of(attempt),
                      attempt.billed_micro_dollars == 0
                          ? ""
                          : fmt::format("; billed ${:.6f}",
                                        static_cast<double>(attempt.billed_micro_dollars) / 1e6))};
}

Event event_of(const DecisionRecord& decision, const std::string& label) {
  const std::string delay =
      decision.delay_ns == 0 ? "" : fmt::format(", in {:.3f} s", seconds(decision.delay_ns));
  return {decision.at_ns, "decision",
          fmt::format("{}  {}{}: {}", decision.thunk.empty() ? "all" : label, decision.reason, delay,
                      decision.detail)};
}

Event event_of(const FinishRecord& finish, const std::string& label) {
  return {finish.ended_ns, finish.outcome, finish.reason.empty() ? label : label + "  " + finish.reason};
}

std::vector<Event> events_of(const RunRecord& run) {
  std::vector<Event> events;
  std::map<std::string, std::string> labels;
  for (const CommandRecord& command : run.commands) {
    events.push_back(event_of(command));
    labels[command.thunk] = command.label;
  }
  const auto label = [&labels](const std::string& thunk) {
    const auto found = labels.find(thunk);
    return found == labels.end() ? thunk : found->second;
  };
  for (const AttemptRecord& attempt : run.attempts) {
    events.push_back(event_of(attempt, label(attempt.thunk)));
  }
  for (const FinishRecord& finish : run.finished) {
    events.push_back(event_of(finish, label(finish.thunk)));
  }
  for (const DecisionRecord& decision : run.decisions) {
    events.push_back(event_of(decision, label(decision.thunk)));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at_ns < b.at_ns; });
  return events;
}

int show_run(const Settings& settings, const RunRecord& run, const std::string& outcome) {
  json array = json::array();
  for (const Event& event : events_of(run)) {
    if (!outcome.empty() && event.outcome != outcome) {
      continue;
    }
    if (settings.json) {
      array.push_back({{"at_ns", event.at_ns}, {"outcome", event.outcome}, {"text", event.text}});
    } else {
      const int64_t since = event.at_ns == 0 ? 0 : event.at_ns - run.started_ns;
      fmt::print("{:>10.3f} s  {:<9} {}\n", seconds(since), event.outcome, event.text);
    }
  }
  if (settings.json) {
    fmt::print("{}\n", array.dump(2));
  }
  return kOk;
}

}  // namespace

int log(const Request& request) {
  const Settings& settings = request.settings;
  if (request.run_id.empty() && request.outcome.empty()) {
    return list_runs(settings);
  }
  return show_run(settings, read_journal(settings.store, chosen_run(settings.store, request.run_id)),
                  request.outcome);
}

}  // namespace cli
