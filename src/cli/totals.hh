#pragma once

#include "cli/journal.hh"

#include <cstdint>
#include <map>
#include <string>

namespace cli {

// What a run came to; the summary's and `gg stats`'s numbers. A plain value: feed it the journal's records.
struct Totals {
  struct Declined {
    uint64_t count = 0;
    std::string example;                    // the first detail seen
    std::map<std::string, uint64_t> tools;  // commands by the tool's name
  };

  uint64_t commands = 0;     // that a model stands in for
  uint64_t reads_only = 0;   // besides: of tools that make no file, so that nothing could be a thunk
  uint64_t experiments = 0;  // besides: a configuration's, which run natively by design
  uint64_t thunks = 0;
  uint64_t hits = 0;
  uint64_t ran = 0;
  uint64_t failed = 0;
  uint64_t unfinished = 0;                   // inferred only, or cut short
  std::map<std::string, Declined> declined;  // by reason
  uint64_t scanned = 0;                      // translation units whose headers gg found by itself
  std::map<std::string, uint64_t> asked;     // of the compiler instead, by reason
  uint64_t attempts = 0;
  uint64_t duplicates = 0;  // of them: beside others that seemed to straggle
  uint64_t cancelled = 0;   // of them: their answers were not wanted any more
  uint64_t billed_micro_dollars = 0;
  std::map<std::string, uint64_t> workers;    // attempts by the cluster's name for who executed them
  std::map<std::string, uint64_t> decisions;  // by reason
  int64_t infer_ns = 0;
  int64_t queued_ns = 0;
  int64_t fetch_ns = 0;
  int64_t set_up_ns = 0;
  int64_t execute_ns = 0;
  int64_t collect_ns = 0;
  int64_t wall_ns = 0;

  void add(const CommandRecord& record);
  void add(const AttemptRecord& record);
  void add(const FinishRecord& record);
};

[[nodiscard]] Totals totals_of(const RunRecord& run);

// A few lines, each begun with "gg: ", the last one naming the run.
[[nodiscard]] std::string summary_text(const Totals& totals, const std::string& run_id);
[[nodiscard]] std::string summary_json(const Totals& totals, const std::string& run_id);

}  // namespace cli
