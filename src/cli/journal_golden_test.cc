#include "base/files.hh"
#include "cli/journal.hh"
#include "testing/golden.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

// The lines that version 1 of the journal has (spec/journal.md): written by the journal itself, read back by
// its reader. A later gg may add keys, never take one away.
namespace cli {
namespace {

RunRecord head() {
  RunRecord run;
  run.argv = {"make", "-j8", "CFLAGS=-O2 \"-DX\"", "not utf-8 \xFF"};
  run.working_directory = "/home/user/project";
  run.started_ns = 1'700'000'000'123'456'789;
  return run;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " | ") + word;
  }
  return text;
}

// Everything that the reader made of it, by its name in the structs; what is empty is left out.
class Description {
 public:
  template <class Value>
  void add(const char* name, const Value& value) {
    if (const std::string shown = fmt::format("{}", value); !shown.empty()) {
      text += fmt::format("{} {}\n", name, shown);
    }
  }

  std::string text;
};

std::string describe(const RunRecord& run) {
  Description told;
  told.add("run argv", join(run.argv));
  told.add("run working_directory", run.working_directory);
  told.add("run started_ns", run.started_ns);
  for (const CommandRecord& one : run.commands) {
    told.add("command outcome", one.outcome);
    told.add("command reason", one.reason);
    told.add("command detail", one.detail);
    told.add("command label", one.label);
    told.add("command argv", join(one.argv));
    told.add("command working_directory", one.working_directory);
    told.add("command thunk", one.thunk);
    told.add("command outputs", join(one.outputs));
    told.add("command started_ns", one.started_ns);
    told.add("command took_ns", one.took_ns);
  }
  for (const AttemptRecord& one : run.attempts) {
    told.add("attempt id", one.id);
    told.add("attempt thunk", one.thunk);
    told.add("attempt place", one.place);
    told.add("attempt exit_code", one.exit_code);
    told.add("attempt error", one.error);
    told.add("attempt failure", one.failure);
    told.add("attempt cancelled", one.cancelled);
    told.add("attempt duplicate", one.duplicate);
    told.add("attempt number", one.number);
    told.add("attempt waited_ns", one.waited_ns);
    told.add("attempt fetch_ns", one.fetch_ns);
    told.add("attempt set_up_ns", one.set_up_ns);
    told.add("attempt execute_ns", one.execute_ns);
    told.add("attempt collect_ns", one.collect_ns);
    told.add("attempt took_ns", one.took_ns);
    told.add("attempt ended_ns", one.ended_ns);
    told.add("attempt output_bytes", one.output_bytes);
    told.add("attempt billed_micro_dollars", one.billed_micro_dollars);
    if (one.queued_ns != 0) {
      told.add("attempt queued_ns", one.queued_ns);
    }
    told.add("attempt worker", one.worker);
  }
  for (const DecisionRecord& one : run.decisions) {
    told.add("decision reason", one.reason);
    told.add("decision thunk", one.thunk);
    told.add("decision detail", one.detail);
    told.add("decision delay_ns", one.delay_ns);
    told.add("decision at_ns", one.at_ns);
  }
  for (const FinishRecord& one : run.finished) {
    told.add("finish thunk", one.thunk);
    told.add("finish outcome", one.outcome);
    told.add("finish reason", one.reason);
    told.add("finish ended_ns", one.ended_ns);
  }
  if (run.ended_ns != 0) {
    told.add("end exit_code", run.exit_code);
    told.add("end ended_ns", run.ended_ns);
    told.add("end infer_ns", run.infer_ns);
    told.add("end scanned", run.scanned);
    for (const auto& [reason, times] : run.asked) {
      told.add("end asked", reason + " " + std::to_string(times));
    }
  }
  return told.text;
}

// The journal's bytes, and what is read from the golden ones.
void expect_golden(const std::string& name, const std::function<void(Journal&)>& write) {
  const base::TemporaryDirectory store;
  std::string id;
  {
    Journal journal(store.path(), head());
    write(journal);
    id = journal.id();
  }
  const std::string path = store.path() + "/runs/" + id + ".jsonl";
  const std::string text = describe(read_journal(store.path(), id));
  golden::expect(GOLDENS, name, base::read_file(path), text);
  base::write_file_atomically(path, base::read_file(std::string(GOLDENS) + "/" + name + ".bin"));
  EXPECT_EQ(describe(read_journal(store.path(), id)), text);
}

CommandRecord compile() {
  CommandRecord record;
  record.outcome = "waited";
  record.reason = "configure";
  record.detail = "below conftest\n";
  record.label = "compile a.c";
  record.argv = {"gcc", "-c", "a.c", "\xFF"};
  record.working_directory = "/home/user/project";
  record.thunk = "ab12/142";
  record.outputs = {"/home/user/project/a.o"};
  record.started_ns = 1'700'000'001'000'000'000;
  record.took_ns = 1'500'000;
  return record;
}

AttemptRecord attempt() {
  AttemptRecord record;
  record.id = 7;
  record.thunk = "ab12/142";
  record.place = "lambda";
  record.number = 2;
  record.waited_ns = 1;
  record.took_ns = 9;
  record.ended_ns = 1'700'000'002'000'000'000;
  return record;
}

TEST(JournalGolden, the_head) {
  expect_golden("journal_run", [](Journal&) {});
}

TEST(JournalGolden, commands) {
  expect_golden("journal_command", [](Journal& journal) {
    journal.command(compile());
    CommandRecord native = compile();
    native.outcome = "native";
    native.reason = "unknown-option";
    native.detail = "-fnew";
    native.thunk = "";
    journal.command(native);
  });
}

TEST(JournalGolden, attempts_with_a_result) {
  expect_golden("journal_attempt", [](Journal& journal) {
    AttemptRecord record = attempt();
    record.duplicate = true;
    record.fetch_ns = 2;
    record.set_up_ns = 3;
    record.execute_ns = 4;
    record.collect_ns = 5;
    record.exit_code = 1;
    record.output_bytes = 6;
    record.billed_micro_dollars = 17;
    journal.attempt(record);
  });
}

TEST(JournalGolden, attempts_at_a_cluster) {
  expect_golden("journal_attempt_at_cluster", [](Journal& journal) {
    AttemptRecord record = attempt();
    record.place = "reapi";
    record.execute_ns = 4;
    record.queued_ns = 8;
    record.worker = "worker-3";
    journal.attempt(record);
  });
}

TEST(JournalGolden, attempts_without_a_result) {
  expect_golden("journal_attempt_failed", [](Journal& journal) {
    AttemptRecord record = attempt();
    record.exit_code = -1;
    record.error = "the machine is gone\n";
    record.failure = "retry-elsewhere";
    journal.attempt(record);
  });
}

TEST(JournalGolden, attempts_that_were_cancelled) {
  expect_golden("journal_attempt_cancelled", [](Journal& journal) {
    AttemptRecord record = attempt();
    record.exit_code = -1;
    record.cancelled = "superseded";
    record.billed_micro_dollars = 40;
    journal.attempt(record);
  });
}

TEST(JournalGolden, decisions) {
  expect_golden("journal_decision", [](Journal& journal) {
    journal.decision({"back-off", "ab12/142", "connection reset", 150'000'000, 1'700'000'002'000'000'000});
    journal.decision({"drained", "", "it is late", 0, 1'700'000'003'000'000'000});
  });
}

TEST(JournalGolden, finished_thunks) {
  expect_golden("journal_finish", [](Journal& journal) {
    journal.finish({"ab12/142", "hit", 1'700'000'004'000'000'000, "memo-concrete"});
  });
}

TEST(JournalGolden, the_end) {
  expect_golden("journal_end", [](Journal& journal) {
    EndRecord end;
    end.exit_code = 2;
    end.ended_ns = 1'700'000'005'000'000'000;
    end.infer_ns = 8;
    end.scanned = 9;
    end.asked = {{"charset", 1}, {"counter", 2}};
    journal.end(end);
  });
}

// Lines as gg wrote them before it knew of decisions, reasons of a finish, or an attempt's id.
TEST(JournalGolden, what_an_older_gg_wrote_is_read) {
  const base::TemporaryDirectory store;
  const std::string id = Journal(store.path(), head()).id();
  const std::string path = store.path() + "/runs/" + id + ".jsonl";
  base::write_file_atomically(
      path, base::read_file(path) +
                R"({"collect_ns":3,"ended_ns":4,"execute_ns":2,"exit":0,"number":1,"output_bytes":5,)"
                R"("place":"local","set_up_ns":1,"thunk":"ab12/142","type":"attempt","waited_ns":6})"
                "\n"
                R"({"ended_ns":7,"outcome":"ran","thunk":"ab12/142","type":"finish"})"
                "\n");
  const RunRecord run = read_journal(store.path(), id);
  EXPECT_EQ(run.attempts.at(0).execute_ns, 2);
  EXPECT_EQ(run.attempts.at(0).id, 0U);
  EXPECT_EQ(run.attempts.at(0).cancelled, "");
  EXPECT_EQ(run.finished.at(0).outcome, "ran");
  EXPECT_EQ(run.finished.at(0).reason, "");
}

}  // namespace
}  // namespace cli
