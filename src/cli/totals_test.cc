#include "cli/totals.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

CommandRecord command(const std::string& outcome, const std::string& reason = "",
                      const std::string& detail = "") {
  CommandRecord record;
  record.outcome = outcome;
  record.reason = reason;
  record.detail = detail;
  record.thunk = outcome;
  return record;
}

TEST(Totals, the_summary_counts_thunks_and_lists_each_reason_with_its_first_example) {
  RunRecord run;
  run.commands = {command("promised"), command("hit"), command("hit"),
                  command("native", "unknown-option", "-fa"), command("native", "unknown-option", "-fb")};
  run.attempts = {{"t", "local", 0, "", 0, 2'000'000'000, 0}};
  run.finished = {{"promised", "ran"}};
  run.infer_ns = 5'000'000'000;
  run.started_ns = 1;
  run.ended_ns = 3'000'000'001;
  EXPECT_EQ(summary_text(totals_of(run), "7"),
            "gg: 5 commands: 3 thunks (60.0 %), 2 native\n"
            "gg:   native    2  unknown-option (first: -fa)\n"
            "gg: 2 hits, 1 ran, 0 failed, 0 unfinished; 3.0 s in all\n"
            "gg: inference 5.00 s; 1 executions: set up 0.00 s, execute 2.00 s, collect 0.00 s\n"
            "gg: run 7; `gg stats --run 7` shows this again, `gg explain FILE` one output\n");
}

}  // namespace
}  // namespace cli
