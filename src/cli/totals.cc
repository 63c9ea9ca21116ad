#include "cli/totals.hh"

#include "base/quote.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace cli {

namespace {

double seconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-9;
}

std::string share(uint64_t part, uint64_t whole) {
  return whole == 0
             ? ""
             : fmt::format(" ({:.1f} %)", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

constexpr size_t kMostShown = 5;

// "gcc 12, ar 3": the largest first.
std::string most_frequent(const std::map<std::string, uint64_t>& counts) {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(sorted.size(), kMostShown); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", sorted[i].first, sorted[i].second);
  }
  return sorted.size() > kMostShown ? text + ", …" : text;
}

std::string native_lines(const Totals& totals) {
  std::vector<std::pair<std::string, Totals::Declined>> sorted(totals.declined.begin(),
                                                               totals.declined.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  std::string text;
  uint64_t left = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const auto& [reason, declined] = sorted[i];
    if (i >= kMostShown) {
      left += declined.count;
      continue;
    }
    text +=
        fmt::format("gg:   native {:>4}  {}: {}{}\n", declined.count, reason, most_frequent(declined.tools),
                    declined.example.empty() ? "" : " (first: " + declined.example + ")");
  }
  return left == 0 ? text
                   : text + fmt::format("gg:   native {:>4}  for {} other reasons: `gg stats --json`\n", left,
                                        sorted.size() - kMostShown);
}

// `gg force` knows of no commands.
bool is_by_hand(const Totals& totals) {
  return totals.commands == 0 && totals.thunks > 0;
}

uint64_t asked_times(const Totals& totals) {
  uint64_t times = 0;
  for (const auto& reason : totals.asked) {
    times += reason.second;
  }
  return times;
}

}  // namespace

void Totals::add(const CommandRecord& record) {
  if (record.outcome == "native" && record.reason == "reads-only") {
    ++reads_only;
    return;
  }
  if (record.outcome == "native" && record.reason == "experiment") {
    ++experiments;
    return;
  }
  ++commands;
  if (record.outcome == "native") {
    Declined& entry = declined[record.reason];
    if (entry.count++ == 0) {
      entry.example = record.detail;
    }
    ++entry.tools[record.label];
    return;
  }
  ++thunks;
  hits += record.outcome == "hit" ? 1U : 0U;
}

void Totals::add(const FinishRecord& record) {
  hits += record.outcome == "hit" ? 1U : 0U;
  ran += record.outcome == "ran" ? 1U : 0U;
  failed += record.outcome == "failed" ? 1U : 0U;
}

void Totals::add(const AttemptRecord& record) {
  ++attempts;
  duplicates += record.duplicate ? 1U : 0U;
  cancelled += record.cancelled.empty() ? 0U : 1U;
  billed_micro_dollars += record.billed_micro_dollars;
  if (!record.worker.empty()) {
    ++workers[record.worker];
  }
  queued_ns += record.queued_ns;
  fetch_ns += record.fetch_ns;
  set_up_ns += record.set_up_ns;
  execute_ns += record.execute_ns;
  collect_ns += record.collect_ns;
}

Totals totals_of(const RunRecord& run) {
  Totals totals;
  for (const CommandRecord& record : run.commands) {
    totals.add(record);
  }
  for (const AttemptRecord& record : run.attempts) {
    totals.add(record);
  }
  std::map<std::string, FinishRecord> finished;
  for (const FinishRecord& record : run.finished) {
    finished.insert_or_assign(record.thunk, record);
  }
  for (const DecisionRecord& record : run.decisions) {
    ++totals.decisions[record.reason];
  }
  if (run.commands.empty()) {  // thunks that were forced by hand
    totals.thunks = finished.size();
    for (const auto& end : finished) {
      totals.add(end.second);
    }
  }
  // Two commands may be one thunk: each counts, so that the figures add up to the number of thunks.
  for (const CommandRecord& record : run.commands) {
    if (record.outcome != "promised" && record.outcome != "waited") {
      continue;
    }
    const auto end = finished.find(record.thunk);
    if (end == finished.end()) {
      ++totals.unfinished;
    } else {
      totals.add(end->second);
    }
  }
  totals.infer_ns = run.infer_ns;
  totals.scanned = run.scanned;
  totals.asked = run.asked;
  totals.wall_ns = run.ended_ns == 0 ? 0 : run.ended_ns - run.started_ns;
  return totals;
}

std::string summary_text(const Totals& totals, const std::string& run_id) {
  std::string text =
      is_by_hand(totals)
          ? fmt::format("gg: {} thunks, forced by hand\n", totals.thunks)
          : fmt::format("gg: {} commands: {} thunks{}, {} native\n", totals.commands, totals.thunks,
                        share(totals.thunks, totals.commands), totals.commands - totals.thunks);
  text += native_lines(totals);
  if (const uint64_t times = asked_times(totals); times != 0) {
    text += fmt::format("gg: the compiler was asked for {} of {} translation units' headers: {}\n", times,
                        times + totals.scanned, most_frequent(totals.asked));
  }
  if (totals.reads_only > 0) {
    text += fmt::format("gg: besides, {} that only read (nm, readelf, size)\n", totals.reads_only);
  }
  if (totals.experiments > 0) {
    text += fmt::format("gg: besides, {} experiments of a configuration\n", totals.experiments);
  }
  text += fmt::format("gg: {} hits, {} ran, {} failed, {} unfinished; {:.1f} s in all\n", totals.hits,
                      totals.ran, totals.failed, totals.unfinished, seconds(totals.wall_ns));
  const auto unless_none = [](const char* what, int64_t time) {
    return time == 0 ? "" : fmt::format("{} {:.2f} s, ", what, seconds(time));
  };
  text += fmt::format(
      "gg: inference {:.2f} s; {} executions: {}{}set up {:.2f} s, execute {:.2f} s, collect {:.2f} s\n",
      seconds(totals.infer_ns), totals.attempts, unless_none("queued", totals.queued_ns),
      unless_none("fetch", totals.fetch_ns), seconds(totals.set_up_ns), seconds(totals.execute_ns),
      seconds(totals.collect_ns));
  if (!totals.workers.empty()) {
    text +=
        fmt::format("gg: executed by {} worker{}: {}\n", totals.workers.size(),
                    totals.workers.size() == 1 ? "" : "s", base::printable(most_frequent(totals.workers)));
  }
  if (totals.duplicates + totals.cancelled > 0) {
    text += fmt::format("gg: of these, {} beside another that seemed to straggle, {} cancelled\n",
                        totals.duplicates, totals.cancelled);
  }
  if (!totals.decisions.empty()) {
    text += fmt::format("gg: decided beside the plain way: {}; `gg log --outcome decision --run {}`\n",
                        most_frequent(totals.decisions), run_id);
  }
  if (totals.billed_micro_dollars > 0) {
    text += fmt::format("gg: billed ${:.6f}\n", static_cast<double>(totals.billed_micro_dollars) / 1e6);
  }
  return text +
         fmt::format("gg: run {}; `gg stats --run {}` shows this again, `gg explain FILE` one output\n",
                     run_id, run_id);
}

std::string summary_json(const Totals& totals, const std::string& run_id) {
  nlohmann::json declined = nlohmann::json::object();
  for (const auto& entry : totals.declined) {
    declined[entry.first] = {
        {"count", entry.second.count}, {"first", entry.second.example}, {"tools", entry.second.tools}};
  }
  return nlohmann::json{{"run", run_id},
                        {"commands", totals.commands},
                        {"thunks", totals.thunks},
                        {"native", is_by_hand(totals) ? 0 : totals.commands - totals.thunks},
                        {"declined", declined},
                        {"scanned", totals.scanned},
                        {"asked", totals.asked},
                        {"reads_only", totals.reads_only},
                        {"experiments", totals.experiments},
                        {"hits", totals.hits},
                        {"ran", totals.ran},
                        {"failed", totals.failed},
                        {"unfinished", totals.unfinished},
                        {"executions", totals.attempts},
                        {"duplicates", totals.duplicates},
                        {"cancelled", totals.cancelled},
                        {"decisions", totals.decisions},
                        {"billed_micro_dollars", totals.billed_micro_dollars},
                        {"workers", totals.workers},
                        {"queued_ns", totals.queued_ns},
                        {"fetch_ns", totals.fetch_ns},
                        {"infer_ns", totals.infer_ns},
                        {"set_up_ns", totals.set_up_ns},
                        {"execute_ns", totals.execute_ns},
                        {"collect_ns", totals.collect_ns},
                        {"wall_ns", totals.wall_ns}}
             .dump() +
         "\n";
}

}  // namespace cli
