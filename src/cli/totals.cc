#include "cli/totals.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

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

}  // namespace

void Totals::add(const CommandRecord& record) {
  ++commands;
  if (record.outcome == "native") {
    Declined& entry = declined[record.reason];
    if (entry.count++ == 0) {
      entry.example = record.detail;
    }
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
  totals.wall_ns = run.ended_ns == 0 ? 0 : run.ended_ns - run.started_ns;
  return totals;
}

std::string summary_text(const Totals& totals, const std::string& run_id) {
  std::string text = fmt::format("gg: {} commands: {} thunks{}, {} native\n", totals.commands, totals.thunks,
                                 share(totals.thunks, totals.commands), totals.commands - totals.thunks);
  for (const auto& entry : totals.declined) {
    text += fmt::format("gg:   native {:>4}  {}{}\n", entry.second.count, entry.first,
                        entry.second.example.empty() ? "" : " (first: " + entry.second.example + ")");
  }
  text += fmt::format("gg: {} hits, {} ran, {} failed, {} unfinished; {:.1f} s in all\n", totals.hits,
                      totals.ran, totals.failed, totals.unfinished, seconds(totals.wall_ns));
  text += fmt::format(
      "gg: inference {:.2f} s; {} executions: set up {:.2f} s, execute {:.2f} s, collect {:.2f} s\n",
      seconds(totals.infer_ns), totals.attempts, seconds(totals.set_up_ns), seconds(totals.execute_ns),
      seconds(totals.collect_ns));
  return text +
         fmt::format("gg: run {}; `gg stats --run {}` shows this again, `gg explain FILE` one output\n",
                     run_id, run_id);
}

std::string summary_json(const Totals& totals, const std::string& run_id) {
  nlohmann::json declined = nlohmann::json::object();
  for (const auto& entry : totals.declined) {
    declined[entry.first] = {{"count", entry.second.count}, {"first", entry.second.example}};
  }
  return nlohmann::json{{"run", run_id},
                        {"commands", totals.commands},
                        {"thunks", totals.thunks},
                        {"native", totals.commands - totals.thunks},
                        {"declined", declined},
                        {"hits", totals.hits},
                        {"ran", totals.ran},
                        {"failed", totals.failed},
                        {"unfinished", totals.unfinished},
                        {"executions", totals.attempts},
                        {"infer_ns", totals.infer_ns},
                        {"set_up_ns", totals.set_up_ns},
                        {"execute_ns", totals.execute_ns},
                        {"collect_ns", totals.collect_ns},
                        {"wall_ns", totals.wall_ns}}
             .dump() +
         "\n";
}

}  // namespace cli
