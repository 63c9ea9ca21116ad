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
  record.label = "gcc";
  return record;
}

TEST(Totals, the_summary_counts_thunks_and_lists_each_reason_with_its_first_example) {
  RunRecord run;
  run.commands = {command("promised"), command("hit"), command("hit"),
                  command("native", "unknown-option", "-fa"), command("native", "unknown-option", "-fb")};
  run.attempts.emplace_back().execute_ns = 2'000'000'000;
  run.finished = {{"promised", "ran", 0, "executed"}};
  run.scanned = 7;
  run.asked = {{"charset", 1}, {"counter", 2}};
  run.infer_ns = 5'000'000'000;
  run.started_ns = 1;
  run.ended_ns = 3'000'000'001;
  EXPECT_EQ(summary_text(totals_of(run), "7"),
            "gg: 5 commands: 3 thunks (60.0 %), 2 native\n"
            "gg:   native    2  unknown-option: gcc 2 (first: -fa)\n"
            "gg: the compiler was asked for 3 of 10 translation units' headers: counter 2, charset 1\n"
            "gg: 2 hits, 1 ran, 0 failed, 0 unfinished; 3.0 s in all\n"
            "gg: inference 5.00 s; 1 executions: set up 0.00 s, execute 2.00 s, collect 0.00 s\n"
            "gg: run 7; `gg stats --run 7` shows this again, `gg explain FILE` one output\n");
}

TEST(Totals, what_was_billed_cancelled_and_decided_is_told) {
  RunRecord run;
  run.commands = {command("promised")};
  run.finished = {{"promised", "ran", 0, "executed"}};
  run.attempts.resize(3);
  run.attempts[0].cancelled = "superseded";
  run.attempts[0].billed_micro_dollars = 1'000'000;
  run.attempts[1].duplicate = true;
  run.attempts[1].billed_micro_dollars = 23;
  run.attempts[1].fetch_ns = 2'000'000'000;
  run.decisions = {
      {"back-off", "t", "reset", 1, 2}, {"back-off", "t", "reset", 1, 2}, {"silent", "t", "", 0, 3}};
  const std::string text = summary_text(totals_of(run), "7");
  for (const char* const line :
       {"gg: of these, 1 beside another that seemed to straggle, 1 cancelled\n",
        "gg: decided beside the plain way: back-off 2, silent 1; `gg log --outcome decision --run 7`\n",
        "gg: billed $1.000023\n", "3 executions: fetch 2.00 s, set up"}) {
    EXPECT_NE(text.find(line), std::string::npos) << text;
  }
  const std::string json = summary_json(totals_of(run), "7");
  EXPECT_NE(json.find(R"("billed_micro_dollars":1000023)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("decisions":{"back-off":2,"silent":1})"), std::string::npos) << json;
}

TEST(Totals, thunks_that_were_forced_by_hand_count_without_commands) {
  RunRecord run;
  run.finished = {{"a", "ran", 0, "executed"}, {"b", "hit", 0, "twin"}, {"c", "failed", 0, "command-failed"}};
  const std::string text = summary_text(totals_of(run), "7");
  EXPECT_EQ(text.substr(0, text.find("; ")),
            "gg: 3 thunks, forced by hand\ngg: 1 hits, 1 ran, 1 failed, 0 unfinished");
}

TEST(Totals, only_the_most_frequent_reasons_are_shown) {
  RunRecord run;
  for (const char* const reason : {"a", "b", "c", "d", "e", "f", "g", "g"}) {
    run.commands.push_back(command("native", reason));
  }
  const std::string text = summary_text(totals_of(run), "7");
  EXPECT_NE(text.find("native    2  g: gcc 2\ngg:   native    1  a: gcc 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("native    2  for 2 other reasons"), std::string::npos) << text;
}

TEST(Totals, tools_that_make_no_file_and_experiments_are_told_apart) {
  RunRecord run;
  run.commands = {command("hit"), command("native", "reads-only", "nm"), command("native", "query", "-v"),
                  command("native", "experiment")};
  const Totals totals = totals_of(run);
  EXPECT_EQ(totals.commands, 2U);
  EXPECT_EQ(totals.reads_only, 1U);
  EXPECT_FALSE(totals.declined.contains("reads-only"));
  EXPECT_EQ(totals.experiments, 1U);
  EXPECT_FALSE(totals.declined.contains("experiment"));
  EXPECT_NE(summary_text(totals, "7").find("gg: besides, 1 that only read"), std::string::npos);
}

}  // namespace
}  // namespace cli
