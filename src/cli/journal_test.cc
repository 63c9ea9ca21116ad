#include "cli/journal.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "testing/full_disk.hh"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>

namespace cli {
namespace {

RunRecord head() {
  RunRecord run;
  run.argv = {"make", "-j2"};
  run.working_directory = "/p";
  run.started_ns = 1'700'000'000'000'000'000;
  return run;
}

CommandRecord compile(const std::string& output) {
  CommandRecord command;
  command.outcome = "promised";
  command.label = "compile a.c";
  command.argv = {"gcc", "-c", "a.c"};
  command.working_directory = "/p";
  command.thunk = "abc/1";
  command.outputs = {output};
  return command;
}

TEST(Journal, what_was_written_is_read_and_an_output_leads_to_its_command) {
  const base::TemporaryDirectory store;
  Journal journal(store.path(), head());
  journal.command(compile("/p/a\xFF.o"));
  AttemptRecord attempt;
  attempt.thunk = "abc/1";
  attempt.place = "local";
  attempt.collect_ns = 3;
  attempt.number = 2;
  attempt.waited_ns = 4;
  attempt.output_bytes = 5;
  journal.attempt(attempt);
  attempt.error = "the machine is gone";
  attempt.failure = "retry-elsewhere";
  journal.attempt(attempt);
  EXPECT_EQ(read_journal(store.path(), journal.id()).ended_ns, 0);
  journal.finish({"abc/1", "ran", 6, "executed"});
  EndRecord end;
  end.exit_code = 2;
  end.ended_ns = 5;
  end.infer_ns = 7;
  end.asked = {{"counter", 3}};
  journal.end(end);
  const RunRecord run = read_journal(store.path(), journal.id());
  EXPECT_EQ(run.argv, head().argv);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.infer_ns, 7);
  EXPECT_EQ(run.asked, end.asked);
  EXPECT_EQ(run.finished.at(0).outcome, "ran");
  EXPECT_EQ(run.finished.at(0).ended_ns, 6);
  EXPECT_EQ(run.attempts.at(0).collect_ns, 3);
  EXPECT_EQ(run.attempts.at(0).number, 2U);
  EXPECT_EQ(run.attempts.at(0).waited_ns, 4);
  EXPECT_EQ(run.attempts.at(0).output_bytes, 5U);
  EXPECT_EQ(run.attempts.at(0).failure, "");
  EXPECT_EQ(run.attempts.at(1).error, "the machine is gone");
  EXPECT_EQ(run.attempts.at(1).failure, "retry-elsewhere");
  const auto origin = origin_of(store.path(), "/p/a\xFF.o");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->command.label, "compile a.c");
  EXPECT_FALSE(origin_of(store.path(), "/p/b.o"));
}

TEST(Journal, launchers_share_one_until_a_run_begins) {
  const base::TemporaryDirectory store;
  const auto launched = [&](const std::string& output, int64_t seconds) {
    Journal journal = Journal::of_launchers(store.path(), std::chrono::seconds(seconds));
    journal.command(compile(output));
    return journal.id();
  };
  const std::string first = launched("/p/a.o", 1'600'000'000);
  EXPECT_EQ(launched("/p/b.o", 1'650'000'000), first);
  EXPECT_EQ(read_journal(store.path(), first).commands.size(), 2U);
  const Journal run(store.path(), head());
  const std::string second = launched("/p/a.o", 1'750'000'000);
  EXPECT_EQ(run_ids(store.path()), (std::vector<std::string>{first, run.id(), second}));
  EXPECT_EQ(origin_of(store.path(), "/p/a.o")->run.id, second);
  EXPECT_EQ(origin_of(store.path(), "/p/b.o")->run.id, first);
}

TEST(Journal, a_launcher_that_the_full_disk_stopped_spoils_no_line_of_another) {
  const base::TemporaryDirectory store;
  Journal first = Journal::of_launchers(store.path(), std::chrono::seconds(1));
  const std::string path = store.path() + "/runs/" + first.id() + ".jsonl";
  {
    const fake::FilesEndAt full(base::read_file(path).size() + 20);
    first.command(compile("/p/a.o"));  // is said, and costs only this line
  }
  first.command(compile("/p/b.o"));
  Journal::of_launchers(store.path(), std::chrono::seconds(1)).command(compile("/p/c.o"));
  const RunRecord run = read_journal(store.path(), first.id());
  ASSERT_EQ(run.commands.size(), 2U);
  EXPECT_EQ(run.commands[1].outputs, std::vector<std::string>{"/p/c.o"});
}

TEST(Journal, a_launcher_that_was_killed_in_mid_write_spoils_no_line_of_another) {
  const base::TemporaryDirectory store;
  Journal first = Journal::of_launchers(store.path(), std::chrono::seconds(1));
  first.command(compile("/p/a.o"));
  const std::string path = store.path() + "/runs/" + first.id() + ".jsonl";
  const std::string whole = base::read_file(path);
  base::write_file_atomically(path, whole + R"({"type":"comm)");
  Journal::of_launchers(store.path(), std::chrono::seconds(1)).command(compile("/p/c.o"));
  EXPECT_EQ(read_journal(store.path(), first.id()).commands.size(), 2U);
}

TEST(Journal, the_maker_of_a_path_is_the_latest_one) {
  const base::TemporaryDirectory store;
  RunRecord begin = head();
  for (const char* thunk : {"older", "newer"}) {
    Journal journal(store.path(), begin);
    CommandRecord command = compile("/p/a.o");
    command.thunk = thunk;
    journal.command(command);
    begin.started_ns += 1'000'000'000;
  }
  EXPECT_EQ(makers(store.path()), (std::map<std::string, std::string>{{"/p/a.o", "newer"}}));
}

TEST(Journal, a_run_is_named_behind_all_others_also_where_the_clock_has_gone_back) {
  const base::TemporaryDirectory store;
  RunRecord begin = head();
  std::vector<std::string> ids;
  for (int run = 0; run < 3; ++run) {
    ids.push_back(Journal(store.path(), begin).id());
    begin.started_ns -= 1'000'000'000;
  }
  ::unlink((store.path() + "/runs/latest").c_str());  // as of an older gg
  ids.push_back(Journal(store.path(), begin).id());
  EXPECT_EQ(run_ids(store.path()), ids);
}

TEST(Journal, hits_alone_leave_none_but_are_in_it_once_there_is_more_to_tell) {
  const base::TemporaryDirectory store;
  Journal journal = Journal::unless_all_are_hits(store.path(), head());
  journal.finish({"abc/1", "hit", 4, "memo-as-written"});
  EXPECT_EQ(journal.id(), "");
  EXPECT_EQ(run_ids(store.path()), std::vector<std::string>{});
  journal.decision({"drained", "", "it is late", 0, 5});
  journal.finish({"abd/1", "hit", 6, "memo-as-written"});
  EXPECT_EQ(run_ids(store.path()), std::vector<std::string>{journal.id()});
  const RunRecord run = read_journal(store.path(), journal.id());
  EXPECT_EQ(run.argv, head().argv);
  EXPECT_EQ(run.finished.size(), 2U);
  EXPECT_EQ(run.finished.at(0).ended_ns, 4);
  EXPECT_EQ(run.decisions.at(0).detail, "it is late");
}

TEST(Journal, so_many_hits_that_they_are_worth_one_are_not_kept_in_memory) {
  const base::TemporaryDirectory store;
  Journal journal = Journal::unless_all_are_hits(store.path(), head());
  uint64_t hits = 0;
  for (; journal.id().empty() && hits < 100'000; ++hits) {
    journal.finish({"abc/1", "hit", 4, "memo-as-written"});
  }
  EXPECT_EQ(read_journal(store.path(), journal.id()).finished.size(), hits);
}

TEST(Journal, a_native_command_hides_the_thunk_that_made_the_path_before) {
  const base::TemporaryDirectory store;
  Journal journal(store.path(), head());
  journal.command(compile("/p/a.o"));
  CommandRecord native = compile("/p/a.o");
  native.outcome = "native";
  native.thunk = "";
  native.reason = "plugin";
  journal.command(native);
  EXPECT_EQ(makers(store.path()), (std::map<std::string, std::string>{}));
  EXPECT_EQ(origin_of(store.path(), "/p/a.o")->command.reason, "plugin");
}

TEST(Journal, a_line_torn_by_a_kill_is_passed_over_and_a_damaged_one_is_named) {
  const base::TemporaryDirectory store;
  Journal journal(store.path(), head());
  journal.command(compile("/p/a.o"));
  const std::string path = store.path() + "/runs/" + journal.id() + ".jsonl";
  const std::string whole = base::read_file(path);
  base::write_file_atomically(path, whole + R"({"type":"comm)");
  EXPECT_EQ(read_journal(store.path(), journal.id()).commands.size(), 1U);
  base::write_file_atomically(path, whole + "garbage\n");
  EXPECT_THROW((void)read_journal(store.path(), journal.id()), base::OperatorError);
}

TEST(Journal, a_run_that_is_not_there_is_an_error_that_names_it) {
  const base::TemporaryDirectory store;
  EXPECT_THROW((void)read_journal(store.path(), "1-2"), base::OperatorError);
  EXPECT_THROW((void)read_journal(store.path(), "../runs/1-2"), base::OperatorError);
}

}  // namespace
}  // namespace cli
