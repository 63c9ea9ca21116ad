#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/commands.hh"
#include "cli/journal.hh"
#include "cli/subject.hh"
#include "cli/thunk_difference.hh"
#include "cli/thunk_reader.hh"
#include "cli/wire_up.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cli {

namespace {

// A memo has the result of a thunk that its own run did not finish.
constexpr const char* kRanLater = "ran later";

std::string story(const CommandRecord& command, const std::string& end) {
  if (command.outcome == "native") {
    return "ran natively, not as a thunk: " + command.reason +
           (command.detail.empty() ? "" : " (" + command.detail + ")") + "; docs/models.md has the reasons";
  }
  if (command.outcome == "hit") {
    return "a memo had the result before anything was started";
  }
  const std::string waited = command.outcome == "waited" ? "; its caller had to wait: " + command.reason : "";
  return (end == "hit"      ? "a memo had the result once its inputs were known"
          : end == "ran"    ? "executed: no memo had this thunk's result"
          : end == "failed" ? "executed, and failed"
          : end == kRanLater
              ? "left as a placeholder by that run, and executed since (gg force, or another run)"
              : "not finished") +
         waited;
}

// How the thunk ended in that run; "" if it did not. `has_memo`: there is a result by now.
std::string end_of(const Origin& origin, bool has_memo) {
  std::string end = has_memo ? kRanLater : "";
  for (const FinishRecord& record : origin.run.finished) {
    end = record.thunk == origin.command.thunk ? record.outcome : end;
  }
  return end;
}

// What became of it, in one word: "native", "hit", "ran", "failed" or "unfinished".
std::string outcome_of(const Origin& origin, const std::string& end) {
  const std::string& answered = origin.command.outcome;
  if (answered == "native" || answered == "hit") {
    return answered;
  }
  return end.empty() ? "unfinished" : end == kRanLater ? "ran" : end;
}

// Why a memo of an earlier thunk did not serve.
struct Comparison {
  Origin earlier;
  std::string problem;  // why they could not be compared; else ""
  std::vector<ThunkDifference> differences;
};

// What there is to say about one output.
struct Explanation {
  Origin origin;
  std::string end;
  std::vector<AttemptRecord> attempts;
  std::vector<DecisionRecord> decisions;
  std::optional<Comparison> comparison;
};

// The output's latest command, and the thunk nearest to that one before it: the latest that made the same
// output, else the latest of the very same command line elsewhere.
struct Found {
  std::optional<Origin> origin;
  std::optional<Origin> earlier;
};

Found find(const std::string& store, const std::string& path) {
  Found found;
  std::optional<Origin> alike;
  const auto visit = [&](const RunRecord& run, const CommandRecord& command) {
    if (!found.origin) {
      if (makes(command, path)) {
        found.origin = Origin{run, command};
      }
      const bool enough = found.origin && (command.thunk.empty() || command.outcome == "hit");
      return enough ? Visit::Enough : Visit::GoOn;
    }
    if (!command.thunk.empty() && makes(command, path)) {
      found.earlier = Origin{run, command};
      return Visit::Enough;
    }
    if (!alike && !command.thunk.empty() && command.argv == found.origin->command.argv) {
      alike = Origin{run, command};
    }
    return Visit::GoOn;
  };
  try {
    visit_latest_first(store, visit);
  } catch (const base::OperatorError&) {
    if (!found.origin) {
      throw;
    }  // else only what to compare with may be in the damaged journal: it counts as none
  }
  if (!found.earlier) {
    found.earlier = std::move(alike);
  }
  return found;
}

Comparison compare(Storage& storage, const Origin& origin, const Origin& earlier) {
  Comparison comparison{earlier, "", {}};
  const auto before = object::Digest::parse(earlier.command.thunk);
  const auto now = object::Digest::parse(origin.command.thunk);
  try {
    if (before && now) {
      comparison.differences = differences(storage.store(), storage.records(), *before, *now);
    }
  } catch (const base::OperatorError& error) {
    comparison.problem = error.what();
  }
  return comparison;
}

Explanation explanation(const Settings& settings, const std::string& path) {
  Found found = find(settings.store, path);
  if (!found.origin) {
    throw base::OperatorError("no run in '" + settings.store + "/runs' made '" + base::printable(path) +
                              "'; a file that no command gg has a model for made leaves no record");
  }
  const auto storage = open_storage(settings);
  const auto thunk = object::Digest::parse(found.origin->command.thunk);
  Explanation told{std::move(*found.origin), "", {}, {}, std::nullopt};
  told.end = end_of(told.origin, thunk && memo_of(storage->records(), *thunk));
  told.attempts = told.origin.run.attempts;
  std::erase_if(told.attempts,
                [&](const AttemptRecord& attempt) { return attempt.thunk != told.origin.command.thunk; });
  told.decisions = told.origin.run.decisions;
  std::erase_if(told.decisions, [&](const DecisionRecord& decision) {
    return decision.thunk.empty() || decision.thunk != told.origin.command.thunk;
  });
  if (found.earlier && outcome_of(told.origin, told.end) != "hit") {
    told.comparison = compare(*storage, told.origin, *found.earlier);
  }
  return told;
}

// The command of the same run that made the input, if one did.
const CommandRecord* maker_in(const RunRecord& run, const ThunkDifference& difference) {
  const bool is_file =
      difference.kind == ThunkDifference::Kind::Input || difference.kind == ThunkDifference::Kind::Program;
  const auto found =
      std::find_if(run.commands.begin(), run.commands.end(),
                   [&](const CommandRecord& command) { return is_file && makes(command, difference.name); });
  return found == run.commands.end() ? nullptr : &*found;
}

std::string text(const Comparison& comparison, const Origin& origin) {
  constexpr size_t kMostShown = 8;
  const CommandRecord& earlier = comparison.earlier.command;
  const std::string of = comparison.earlier.run.id == origin.run.id ? "earlier in this run"
                                                                    : "in run " + comparison.earlier.run.id;
  if (!comparison.problem.empty()) {
    return fmt::format("no hit   what was made {} cannot be compared: {}\n", of, comparison.problem);
  }
  if (earlier.thunk == origin.command.thunk) {
    return fmt::format(
        "no hit   it was the same thunk {}, and that left no memo: it failed, was not finished, or "
        "its memo was collected\n",
        of);
  }
  if (comparison.differences.empty()) {
    return fmt::format("no hit   what it comes down to is the same as {}\n", of);
  }
  std::string lines = fmt::format("no hit   compared with {} {}:\n", earlier.label, of);
  const size_t shown = std::min(comparison.differences.size(), kMostShown);
  for (size_t i = 0; i < shown; ++i) {
    const ThunkDifference& difference = comparison.differences[i];
    const CommandRecord* const maker = maker_in(origin.run, difference);
    lines += fmt::format("         {}{}\n", sentence(difference),
                         maker == nullptr ? "" : " (made by this build: " + maker->label + ")");
  }
  if (shown < comparison.differences.size()) {
    lines += fmt::format("         and {} more\n", comparison.differences.size() - shown);
  }
  return lines;
}

double milliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-6;
}

std::string answer_of(const AttemptRecord& attempt) {
  if (!attempt.cancelled.empty()) {
    return fmt::format("cancelled ({}) after {:.1f} ms", attempt.cancelled, milliseconds(attempt.took_ns));
  }
  if (!attempt.error.empty()) {
    return attempt.error;
  }
  return fmt::format(
      "exit {}, {}{}set up {:.1f} ms, execute {:.1f} ms, collect {:.1f} ms", attempt.exit_code,
      attempt.queued_ns == 0 ? "" : fmt::format("queued {:.1f} ms, ", milliseconds(attempt.queued_ns)),
      attempt.fetch_ns == 0 ? "" : fmt::format("fetch {:.1f} ms, ", milliseconds(attempt.fetch_ns)),
      milliseconds(attempt.set_up_ns), milliseconds(attempt.execute_ns), milliseconds(attempt.collect_ns));
}

std::string text(const Explanation& told) {
  const Origin& origin = told.origin;
  const CommandRecord& command = origin.command;
  std::string lines = fmt::format("what     {}\nwhy      {}\n", command.label, story(command, told.end));
  if (told.comparison) {
    lines += text(*told.comparison, origin);
  }
  lines += fmt::format("command  {}\nin       {}\nrun      {}  ({})\n", base::shell_quoted(command.argv),
                       command.working_directory, origin.run.id, base::shell_quoted(origin.run.argv));
  if (!command.thunk.empty()) {
    lines += fmt::format("thunk    {}\n", command.thunk);
  }
  for (const AttemptRecord& attempt : told.attempts) {
    lines += fmt::format("attempt  {}{}{}: {}\n", attempt.place, at_worker(attempt),
                         attempt.duplicate ? " (beside another)" : "", answer_of(attempt));
  }
  for (const DecisionRecord& decision : told.decisions) {
    lines += fmt::format("decided  {}: {}\n", decision.reason, decision.detail);
  }
  return lines;
}

nlohmann::json as_json(const Comparison& comparison) {
  nlohmann::json differences = nlohmann::json::array();
  for (const ThunkDifference& difference : comparison.differences) {
    differences.push_back({{"kind", kind_word(difference.kind)},
                           {"name", base::printable(difference.name)},
                           {"before", base::printable(difference.before)},
                           {"now", base::printable(difference.now)}});
  }
  return {{"run", comparison.earlier.run.id},
          {"thunk", comparison.earlier.command.thunk},
          {"problem", base::printable(comparison.problem)},
          {"differences", differences}};
}

std::string as_json(const Explanation& told) {
  const Origin& origin = told.origin;
  const CommandRecord& command = origin.command;
  nlohmann::json tries = nlohmann::json::array();
  for (const AttemptRecord& attempt : told.attempts) {
    tries.push_back({{"place", attempt.place},
                     {"exit", attempt.exit_code},
                     {"error", attempt.error},
                     {"cancelled", attempt.cancelled},
                     {"duplicate", attempt.duplicate},
                     {"billed_micro_dollars", attempt.billed_micro_dollars},
                     {"worker", attempt.worker},
                     {"isolation", attempt.isolation},
                     {"queued_ns", attempt.queued_ns},
                     {"fetch_ns", attempt.fetch_ns},
                     {"set_up_ns", attempt.set_up_ns},
                     {"execute_ns", attempt.execute_ns},
                     {"collect_ns", attempt.collect_ns}});
  }
  nlohmann::json decisions = nlohmann::json::array();
  for (const DecisionRecord& decision : told.decisions) {
    decisions.push_back({{"reason", decision.reason}, {"detail", decision.detail}});
  }
  nlohmann::json answer{{"label", command.label},
                        {"outcome", outcome_of(origin, told.end)},
                        {"answered", command.outcome},
                        {"reason", command.reason},
                        {"detail", command.detail},
                        {"argv", command.argv},
                        {"cwd", command.working_directory},
                        {"thunk", command.thunk},
                        {"run", origin.run.id},
                        {"attempts", tries},
                        {"decisions", decisions}};
  if (told.comparison) {
    answer["compared_with"] = as_json(*told.comparison);
  }
  return answer.dump(2) + "\n";
}

}  // namespace

int explain(const Request& request) {
  const Explanation told = explanation(request.settings, journal_name(request.words.at(0)));
  fmt::print("{}", request.settings.json ? as_json(told) : text(told));
  return kOk;
}

}  // namespace cli
