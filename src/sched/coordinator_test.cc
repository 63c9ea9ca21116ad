#include "sched/coordinator.hh"

#include "ir/thunk.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "testing/fake_engine.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <mutex>

namespace sched {
namespace {

using object::Digest;
using object::Directory;
using object::Entry;

// A little machine. A thunk's command is one of
//   say TEXT       output "out" is that text
//   join           output "out" is all files of the input tree, one after the other
//   wrap           output "out" is a directory that holds the joined text as "text"
//   call THUNK     output "out" is that thunk's output "out"
//   callwrap THUNK output "out" is a directory that holds that promise as "text"
//   callboth THUNK output "out" is such a directory, and output "too" that thunk's output "out"
//   fail           status 3, with a message on stderr
class Machine {
 public:
  explicit Machine(object::Store& store) : store_(store) {}

  Digest thunk(const std::vector<std::string>& words, const std::map<std::string, Entry>& inputs = {}) {
    ir::Command command;
    command.arguments = words;
    command.output_paths = {"out"};
    Directory root;
    for (const auto& [name, entry] : inputs) {
      root.entries.emplace(name, entry);
    }
    ir::Thunk thunk;
    thunk.command = store_.put(ir::encode(command)).value();
    thunk.input_root = store_.put(object::encode(root)).value();
    return store_.put(ir::encode(thunk)).value();
  }

  AttemptResult run(const Digest& name) {
    lost_.clear();
    text_.clear();
    const ir::Thunk thunk = ir::decode_thunk(read(name)).value();
    const ir::Command command = ir::decode_command(read(thunk.command)).value();
    read_all(thunk.input_root);
    if (!lost_.empty()) {
      return tl::unexpected<AttemptFailure>(AttemptFailure(base::Error{"inputs are gone"}, lost_));
    }
    return result(command.arguments);
  }

 private:
  ir::Result result(const std::vector<std::string>& words) {
    ir::Result result;
    Entry& out = result.outputs["out"];
    if (words[0] == "say") {
      out = file(words[1]);
    } else if (words[0] == "join") {
      out = file(text_);
    } else if (words[0] == "wrap") {
      out = wrapped(file(text_), false);
    } else if (words[0] == "call") {
      out = object::Promise{Digest::parse(words[1]).value(), "out"};
    } else if (words[0] == "callwrap" || words[0] == "callboth") {
      const object::Promise promise{Digest::parse(words[1]).value(), "out"};
      out = wrapped(promise, true);
      if (words[0] == "callboth") {
        result.outputs["too"] = promise;
      }
    } else {
      result.outputs.clear();
      result.exit_code = 3;
      result.standard_error = store_.put("no way\n").value();
    }
    return result;
  }

  object::File file(const std::string& text) { return {store_.put(text).value(), false}; }

  object::Subdirectory wrapped(Entry entry, bool owes) {
    Directory directory;
    directory.entries.emplace("text", std::move(entry));
    return {store_.put(object::encode(directory)).value(), owes};
  }

  std::string read(const Digest& digest) {
    auto bytes = store_.get(digest).value();
    if (!bytes) {
      lost_.push_back(digest);
    }
    return bytes.value_or("");
  }

  void read_all(const Digest& directory) {
    const std::string bytes = read(directory);
    if (!lost_.empty()) {
      return;
    }
    const Directory decoded = object::decode_directory(bytes).value();
    for (const auto& [name, entry] : decoded.entries) {
      if (const auto* sub = std::get_if<object::Subdirectory>(&entry)) {
        read_all(sub->digest);
      } else {
        text_ += read(std::get<object::File>(entry).digest);
      }
    }
  }

  object::Store& store_;
  std::vector<Digest> lost_;
  std::string text_;
};

class Notes final : public Observer {
 public:
  void started(const Attempt& attempt) override { say("started", attempt); }

  void ended(const Attempt& attempt, const AttemptResult& result, base::Nanoseconds /*took*/) override {
    say(result ? "ended" : "broke", attempt);
  }

  void cancelled(const Attempt& attempt, Unwanted why, base::Nanoseconds /*took*/) override {
    say(std::string("cancelled as ") + code_of(why), attempt);
  }

  void decided(const Deciding& deciding) override {
    lines.push_back(std::string(code_of(deciding.what)) + " " + deciding.label + ": " + deciding.detail);
  }

  void finished(const Digest& thunk, const std::string& label, const Outcome& outcome) override {
    if (on_finished) {
      on_finished(thunk);
    }
    lines.push_back("finished " + label + " " + std::to_string(static_cast<int>(outcome.verdict)));
  }

  void trouble(const std::string& message) override { lines.push_back("trouble " + message); }

  std::vector<std::string> lines;
  std::function<void(const Digest& thunk)> on_finished;

 private:
  void say(const std::string& what, const Attempt& attempt) {
    lines.push_back(what + " " + attempt.label + " at " + attempt.place + " #" +
                    std::to_string(attempt.number));
  }
};

object::Promise out_of(const Digest& thunk) {
  return {thunk, "out"};
}

// One process: a loop, an engine, a coordinator, over stores that outlive it.
class Process {
 public:
  explicit Process(object::Store& store, object::Records& records, const Policy& policy = keep_going())
      : machine(store),
        loop(2),
        engine(loop, "fake", 4, [this](const Job& job) { return work ? work(job) : machine.run(job.thunk); }),
        coordinator(loop, store, records, clock, notes, {{&engine, Reducer::FailureIs::Final}}, policy) {}

  static Policy keep_going() {
    Policy policy;
    policy.on_failure = OnFailure::KeepGoing;
    policy.first_back_off = std::chrono::milliseconds{1};
    return policy;
  }

  void ask(const Digest& thunk, const std::string& label = "") {
    Request request;
    request.hints.label = label;
    ++expected_;
    coordinator.submit(thunk, request, [this, thunk](const Answer& answer) { note(thunk, answer); });
  }

  void note(const Digest& thunk, const Answer& answer) {
    // Answers come on pool threads; the test reads them on this one.
    loop.post([this, thunk, answer] {
      EXPECT_TRUE(answers.emplace(thunk, answer).second || twice) << "an answer too many";
      if (++heard_ == expected_) {
        loop.stop();
      }
    });
  }

  // Until all that was asked for is answered.
  void run() {
    if (heard_ != expected_) {
      loop.run();
    }
  }

  // Until `done()`, looked at in each turn of the loop.
  void run_until(const std::function<bool()>& done) {
    std::function<void()> look = [&] {
      if (done()) {
        loop.stop();
      } else {
        loop.post(look);
      }
    };
    loop.post(look);
    loop.run();
  }

  const Answer& answer(const Digest& thunk) { return answers.at(thunk); }

  Machine machine;
  base::SystemClock clock;
  Notes notes;
  std::function<AttemptResult(const Job&)> work;
  loop::Loop loop;
  fake::Engine engine;
  Coordinator coordinator;
  std::map<Digest, Answer> answers;
  bool twice = false;
  size_t expected_ = 0;

 private:
  size_t heard_ = 0;
};

class CoordinatorTest : public ::testing::Test {
 protected:
  std::string text_of(const Answer& answer) {
    if (!answer.result) {
      return "none: " + answer.error.message;
    }
    return text_at(answer.result->outputs.at("out"));
  }

  std::string text_at(const Entry& entry) {
    if (const auto* directory = std::get_if<object::Subdirectory>(&entry)) {
      const auto decoded = object::decode_directory(store.get(directory->digest).value().value());
      return "in a directory: " + text_at(decoded.value().entries.at("text"));
    }
    return store.get(std::get<object::File>(entry).digest).value().value_or("gone");
  }

  Digest say(const std::string& text) { return machine.thunk({"say", text}); }

  object::MemoryStore store;
  object::MemoryRecords records;
  Machine machine{store};
};

TEST_F(CoordinatorTest, a_diamond_of_real_trees_is_reduced) {
  const Digest leaf = say("x");
  const Digest left = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  const Digest right = machine.thunk({"wrap"}, {{"b", out_of(leaf)}});
  const Digest top = machine.thunk({"join"}, {{"l", out_of(left)}, {"r", out_of(right)}});
  Process process(store, records);
  process.ask(top);
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "xx");
  EXPECT_EQ(process.engine.started.size(), 4U);
  EXPECT_EQ(process.coordinator.progress().executed, 4U);
}

TEST_F(CoordinatorTest, an_engine_is_told_how_long_the_way_from_a_job_to_the_end_is) {
  const Digest leaf = say("x");
  const Digest middle = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  const Digest top = machine.thunk({"wrap"}, {{"a", out_of(middle)}});
  Process process(store, records);
  process.ask(top);
  process.run();
  std::vector<uint32_t> ways;
  for (const Job& job : process.engine.started) {
    ways.push_back(job.path);
  }
  ASSERT_EQ(ways.size(), 3U);  // in the order of the chain
  EXPECT_GT(ways[0], ways[1]);
  EXPECT_GT(ways[1], ways[2]);
}

TEST_F(CoordinatorTest, thunks_that_converge_are_executed_once) {
  // Two ways to say the same, so what stands on them is one concrete thunk.
  const Digest one = machine.thunk({"join"}, {{"a", out_of(say("x"))}});
  const Digest other = machine.thunk({"join"}, {{"b", out_of(say("x"))}});
  const Digest on_one = machine.thunk({"wrap"}, {{"in", out_of(one)}});
  const Digest on_other = machine.thunk({"wrap"}, {{"in", out_of(other)}});
  const Digest top = machine.thunk({"join"}, {{"1", out_of(on_one)}, {"2", out_of(on_other)}});
  Process process(store, records);
  process.ask(top);
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "xx");
  EXPECT_EQ(process.engine.started.size(), 5U);
  EXPECT_EQ(process.coordinator.progress().converged, 1U);
}

TEST_F(CoordinatorTest, a_second_run_executes_nothing) {
  const Digest leaf = say("x");
  const Digest top = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  {
    Process process(store, records);
    process.ask(top);
    process.run();
  }
  Process process(store, records);
  EXPECT_TRUE(process.coordinator.known(top).has_value());
  process.ask(top, "top");
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "x");
  EXPECT_EQ(process.answer(top).source, Source::MemoAsWritten);
  EXPECT_TRUE(process.engine.started.empty());
  EXPECT_EQ(process.notes.lines, std::vector<std::string>{"finished top 1"});
}

TEST_F(CoordinatorTest, a_memo_by_the_concrete_name_serves_another_graph) {
  const Digest one = machine.thunk({"join"}, {{"a", out_of(say("x"))}});
  const Digest other =
      machine.thunk({"join"}, {{"a", out_of(machine.thunk({"join"}, {{"z", out_of(say("x"))}}))}});
  {
    Process process(store, records);
    process.ask(one);
    process.run();
  }
  Process process(store, records);
  process.ask(other);
  process.run();
  EXPECT_EQ(process.answer(other).source, Source::MemoConcrete);
}

TEST_F(CoordinatorTest, a_memo_whose_outputs_are_gone_is_none) {
  const Digest top = machine.thunk({"wrap"}, {{"a", out_of(say("x"))}});
  {
    Process process(store, records);
    process.ask(top);
    process.run();
  }
  store.forget(object::hash("x"));  // also what `say` made
  Process process(store, records);
  EXPECT_FALSE(process.coordinator.known(top).has_value());
  process.ask(top);
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "in a directory: x");
  // Once its producer has made the text again, the memo of the concrete thunk is good again, too.
  EXPECT_EQ(process.engine.started.size(), 1U);
  EXPECT_EQ(process.answer(top).source, Source::MemoConcrete);
}

TEST_F(CoordinatorTest, an_input_that_is_lost_while_running_is_made_again) {
  const Digest leaf = say("x");
  const Digest middle = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  const Digest top = machine.thunk({"wrap"}, {{"m", out_of(middle)}});
  Process process(store, records);
  int runs = 0;
  process.work = [&](const Job& job) {
    if (++runs == 3) {
      store.forget(object::hash("x"));  // what leaf and middle made
    }
    return process.machine.run(job.thunk);
  };
  process.ask(top);
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "in a directory: x");
  EXPECT_GT(process.coordinator.progress().remade, 0U);
}

TEST_F(CoordinatorTest, a_lost_source_is_named) {
  const Digest source = store.put("source").value();
  const Digest top = machine.thunk({"join"}, {{"s", object::File{source, false}}});
  store.forget(source);
  Process process(store, records);
  process.ask(top);
  process.run();
  EXPECT_EQ(process.answer(top).verdict, Verdict::Failed);
  EXPECT_NE(process.answer(top).error.message.find(source.to_string()), std::string::npos);
}

TEST_F(CoordinatorTest, a_thunk_that_the_store_does_not_hold_is_named) {
  const Digest unknown = object::hash("unknown");
  Process process(store, records);
  process.ask(unknown);
  process.run();
  EXPECT_EQ(process.answer(unknown).verdict, Verdict::Failed);
  EXPECT_NE(process.answer(unknown).error.message.find(unknown.to_string()), std::string::npos);
}

TEST_F(CoordinatorTest, bytes_that_are_no_thunk_fail_clearly) {
  const Digest junk = store.put("\xff\xff junk").value();
  Process process(store, records);
  process.ask(junk);
  process.run();
  EXPECT_EQ(process.answer(junk).verdict, Verdict::Failed);
}

TEST_F(CoordinatorTest, tail_calls_and_promises_in_directories_are_carried_to_their_end) {
  const Digest leaf = say("x");
  const Digest call = machine.thunk({"call", leaf.to_string()});
  const Digest wrapped = machine.thunk({"callwrap", call.to_string()});
  const Digest top = machine.thunk({"join"}, {{"w", out_of(wrapped)}});
  Process process(store, records);
  process.ask(wrapped);
  process.ask(top);
  process.run();
  EXPECT_EQ(text_of(process.answer(wrapped)), "in a directory: x");
  EXPECT_EQ(text_of(process.answer(top)), "x");
  EXPECT_TRUE(process.coordinator.known(wrapped).has_value());
}

TEST_F(CoordinatorTest, promises_beside_a_directory_that_owes_are_carried_to_their_end_with_it) {
  const Digest both = machine.thunk({"callboth", say("x").to_string()});
  Process process(store, records);
  process.ask(both);
  process.run();
  EXPECT_EQ(text_of(process.answer(both)), "in a directory: x");
  EXPECT_EQ(text_at(process.answer(both).result->outputs.at("too")), "x");
}

TEST_F(CoordinatorTest, a_result_is_recorded_before_it_is_told_and_though_nobody_waits_for_it) {
  const Digest leaf = say("x");
  const Digest top = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  Process process(store, records);
  process.work = [&](const Job& job) {
    process.engine.held = true;  // from the second on
    return process.machine.run(job.thunk);
  };
  process.notes.on_finished = [&](const Digest& thunk) {
    EXPECT_TRUE(process.coordinator.known(thunk).has_value()) << "told, but not to be found";
  };
  process.ask(top);
  process.run_until([&] { return process.coordinator.known(leaf).has_value(); });
  EXPECT_TRUE(process.answers.empty());
  process.engine.held = false;
  process.engine.release_all();
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "x");
}

TEST_F(CoordinatorTest, a_chain_of_tail_calls_is_forgotten_and_found_again_in_the_memos) {
  std::vector<Digest> chain{say("x")};
  for (int call = 0; call < 30; ++call) {
    chain.push_back(machine.thunk({"call", chain.back().to_string()}));
  }
  Policy policy = Process::keep_going();
  policy.kept_calls = 2;
  policy.kept_thunks = 2;
  Process process(store, records, policy);
  process.ask(chain.back(), "first");
  process.run();
  EXPECT_EQ(text_of(process.answer(chain.back())), "x");
  EXPECT_EQ(process.coordinator.progress().executed, 31U);
  EXPECT_GT(process.coordinator.progress().forgotten, 20U);
  process.ask(chain[15]);
  process.run();
  EXPECT_EQ(text_of(process.answer(chain[15])), "x");
  EXPECT_EQ(process.engine.started.size(), 31U) << "nothing runs twice";
}

TEST_F(CoordinatorTest, a_thunk_that_is_lost_before_it_runs_is_made_again_by_its_parent) {
  const Digest child = machine.thunk({"join"}, {{"a", out_of(say("x"))}});
  const Digest parent = machine.thunk({"call", child.to_string()});
  const std::string bytes = store.get(child).value().value();
  Process process(store, records);
  int runs = 0;
  process.work = [&](const Job& job) {
    if (job.thunk == parent) {
      ++runs;
      (void)store.put(bytes).value();
    } else if (runs == 1) {
      store.forget(child);  // `say`, which it waits for
    }
    return process.machine.run(job.thunk);
  };
  process.ask(parent);
  process.run();
  EXPECT_EQ(text_of(process.answer(parent)), "x");
  EXPECT_EQ(runs, 2);
}

TEST_F(CoordinatorTest, a_run_that_ends_amid_a_tail_call_goes_on_from_there) {
  const Digest leaf = say("x");
  const Digest call = machine.thunk({"call", leaf.to_string()});
  {
    Process process(store, records);
    process.work = [&](const Job& job) -> AttemptResult {
      if (job.thunk == leaf) {
        return tl::unexpected<AttemptFailure>(base::Error{"crash", base::FailureKind::Deterministic});
      }
      return process.machine.run(job.thunk);
    };
    process.ask(call);
    process.run();
    EXPECT_EQ(process.answer(call).verdict, Verdict::DependencyFailed);
  }
  Process process(store, records);
  EXPECT_FALSE(process.coordinator.known(call).has_value()) << "what owes is not final";
  process.ask(call);
  process.run();
  EXPECT_EQ(text_of(process.answer(call)), "x");
  EXPECT_EQ(process.engine.started.size(), 1U);
}

TEST_F(CoordinatorTest, a_tail_call_is_recorded_while_what_it_calls_still_runs) {
  const Digest call = machine.thunk({"call", say("x").to_string()});
  Process process(store, records);
  process.work = [&](const Job& job) {
    process.engine.held = true;  // from the second on
    return process.machine.run(job.thunk);
  };
  process.ask(call);
  process.run_until([&] { return records.find(object::kMemoTable, call).value().has_value(); });
  EXPECT_TRUE(process.answers.empty());
  process.engine.held = false;
  process.engine.release_all();
  process.run();
  EXPECT_EQ(text_of(process.answer(call)), "x");
}

// Records that write down what one thunk still owes only once another of its results has overtaken that, or
// when released.
class SlowRecords final : public object::Records {
 public:
  SlowRecords(object::Records& records, const Digest& slow) : records_(records), slow_(slow) {}

  base::Result<std::optional<std::string>> find(std::string_view table, const Digest& key) override {
    return records_.find(table, key);
  }

  base::Result<void> record(std::string_view table, const Digest& key, std::string_view value) override {
    if (key == slow_ && ir::decode_result(value).value().owes()) {
      released_.get_future().wait();
      return records_.record(table, key, value);
    }
    auto recorded = records_.record(table, key, value);
    if (key == slow_) {
      release();
    }
    return recorded;
  }

  void release() {
    std::call_once(once_, [this] { released_.set_value(); });
  }

 private:
  object::Records& records_;
  const Digest slow_;
  std::once_flag once_;
  std::promise<void> released_;
};

TEST_F(CoordinatorTest, what_a_tail_call_owes_does_not_replace_the_record_of_what_it_came_to) {
  const Digest call = machine.thunk({"callwrap", say("x").to_string()});
  SlowRecords slow(records, call);
  {
    Process process(store, slow);
    process.ask(call);
    process.run_until([&] { return process.coordinator.progress().executed == 2; });
    process.loop.on_pool([&] { slow.release(); });  // after all that the pool was given until now
    process.run();
    EXPECT_EQ(text_of(process.answer(call)), "in a directory: x");
  }
  Process later(store, records);
  EXPECT_TRUE(later.coordinator.known(call).has_value());
}

TEST_F(CoordinatorTest, a_tail_call_that_was_waited_for_is_forgotten_in_the_end) {
  const Digest middle = machine.thunk({"call", say("x").to_string()});
  const Digest top = machine.thunk({"call", middle.to_string()});
  Policy policy = Process::keep_going();
  policy.kept_thunks = 0;
  Process process(store, records, policy);
  process.ask(top);
  process.run();
  for (const char* round : {"1", "2", "3"}) {
    process.ask(say(round));
    process.run();
  }
  EXPECT_EQ(process.coordinator.progress().forgotten, 2U) << "middle, and what it calls";
}

TEST_F(CoordinatorTest, a_tail_call_from_a_memo_is_told_as_finished_while_what_it_calls_still_runs) {
  const Digest leaf = say("x");
  const Digest middle = machine.thunk({"call", leaf.to_string()});
  const Digest top = machine.thunk({"call", middle.to_string()});
  Policy policy = Process::keep_going();
  policy.kept_calls = 0;
  {
    Process process(store, records, policy);
    process.work = [&](const Job& job) -> AttemptResult {
      if (job.thunk == leaf) {
        return tl::unexpected<AttemptFailure>(base::Error{"crash", base::FailureKind::Deterministic});
      }
      return process.machine.run(job.thunk);
    };
    process.ask(top);
    process.run();
  }
  Process process(store, records, policy);
  std::vector<Digest> told;
  process.notes.on_finished = [&](const Digest& thunk) { told.push_back(thunk); };
  process.engine.held = true;
  process.ask(top);
  process.run_until([&] { return !process.engine.started.empty() && !told.empty(); });
  EXPECT_EQ(told, std::vector<Digest>{middle});
  process.engine.held = false;
  process.engine.release_all();
  process.run();
  EXPECT_EQ(text_of(process.answer(top)), "x");
}

TEST_F(CoordinatorTest, a_failed_command_is_answered_with_its_result_and_its_dependents_with_the_cause) {
  const Digest bad = machine.thunk({"fail"});
  const Digest top = machine.thunk({"join"}, {{"a", out_of(bad)}});
  Process process(store, records);
  process.ask(bad, "compile bad.c");
  process.ask(top, "link app");
  process.run();
  const auto own = to_result(process.answer(bad));
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->exit_code, 3);
  EXPECT_EQ(store.get(own->standard_error.value()).value(), "no way\n");
  EXPECT_FALSE(to_result(process.answer(top)).has_value());
  EXPECT_EQ(process.answer(top).cause, bad);
  EXPECT_EQ(process.answer(top).cause_label, "compile bad.c");
  EXPECT_EQ(process.answer(top).result->exit_code, 3);
  EXPECT_NE(process.answer(top).error.message.find("compile bad.c"), std::string::npos);
  EXPECT_FALSE(records.find(object::kMemoTable, bad).value().has_value());
}

TEST_F(CoordinatorTest, what_the_budget_in_dollars_does_not_bear_is_refused_and_told) {
  Policy policy = Process::keep_going();
  policy.budget.micro_dollars = 100;
  Process process(store, records, policy);
  process.engine.set_price(70);
  process.coordinator.slots_changed(process.engine);
  const Digest first = say("x");
  const Digest second = machine.thunk({"join"}, {{"a", out_of(first)}});
  process.ask(second, "second");
  process.run();
  EXPECT_EQ(process.coordinator.progress().billed, 70U);
  const std::string refusal = "no engine can take second (thunk " + second.to_string() +
                              "): fake: the budget of $0.000100 does not bear it: $0.000070 is spent, and it "
                              "may cost $0.000070";
  EXPECT_EQ(process.answer(second).verdict, Verdict::Failed);
  EXPECT_EQ(process.answer(second).error.message, refusal);
  EXPECT_EQ(process.engine.started.size(), 1U);
  EXPECT_EQ(
      std::count(process.notes.lines.begin(), process.notes.lines.end(), "over-budget second: " + refusal),
      1);
}

TEST_F(CoordinatorTest, a_hiccup_is_retried_and_told) {
  const Digest leaf = say("x");
  Process process(store, records);
  int runs = 0;
  process.work = [&](const Job& job) -> AttemptResult {
    if (++runs == 1) {
      return tl::unexpected<AttemptFailure>(base::Error{"reset", base::FailureKind::RetryHere});
    }
    return process.machine.run(job.thunk);
  };
  process.ask(leaf, "leaf");
  process.run();
  EXPECT_EQ(text_of(process.answer(leaf)), "x");
  EXPECT_EQ(process.notes.lines, (std::vector<std::string>{"started leaf at fake #1", "broke leaf at fake #1",
                                                           "back-off leaf: reset", "started leaf at fake #2",
                                                           "ended leaf at fake #2", "finished leaf 1"}));
}

TEST_F(CoordinatorTest, asking_twice_joins_and_asking_late_is_answered_too) {
  const Digest leaf = say("x");
  Process process(store, records);
  process.twice = true;
  process.ask(leaf);
  process.ask(leaf);
  process.run();
  process.ask(leaf);
  process.run();
  EXPECT_EQ(process.engine.started.size(), 1U);
}

TEST_F(CoordinatorTest, cancelling_answers_all_and_stops_what_runs) {
  const Digest leaf = say("x");
  const Digest top = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  Process process(store, records);
  process.engine.held = true;
  process.ask(leaf, "leaf");
  process.ask(top);
  process.run_until([&] { return !process.engine.started.empty(); });
  process.coordinator.cancel_all();
  process.run();
  EXPECT_EQ(process.answer(leaf).verdict, Verdict::Cancelled);
  EXPECT_EQ(process.answer(top).verdict, Verdict::Cancelled);
  EXPECT_EQ(process.engine.cancelled, 1U);
  EXPECT_EQ(
      process.notes.lines,
      (std::vector<std::string>{"started leaf at fake #1", "cancelled : 2 thunks were not finished",
                                "cancelled as cancelled leaf at fake #1", "finished leaf 5", "finished  5"}));
  EXPECT_FALSE(to_result(process.answer(leaf)).has_value());
}

TEST_F(CoordinatorTest, at_the_first_failure_the_rest_is_answered_as_stopped) {
  Policy policy;
  policy.on_failure = OnFailure::FinishRunning;
  Process process(store, records, policy);
  process.engine.set_slots(1);
  process.coordinator.slots_changed(process.engine);
  const Digest bad = machine.thunk({"fail"});
  process.ask(bad, "bad");
  for (int at = 0; at < 5; ++at) {
    process.ask(
        machine.thunk({"join"}, {{std::to_string(at), out_of(machine.thunk({"call", bad.to_string()}))}}));
  }
  process.run();
  EXPECT_EQ(process.answers.size(), 6U);
  for (const auto& [thunk, answer] : process.answers) {
    EXPECT_NE(answer.verdict, Verdict::Succeeded);
    EXPECT_EQ(answer.cause, bad);
  }
}

TEST_F(CoordinatorTest, a_drained_run_answers_the_rest_with_the_reason_and_ends_what_runs) {
  const Digest leaf = say("x");
  const Digest top = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  Process process(store, records);
  process.engine.held = true;
  process.ask(top, "top");
  process.ask(leaf, "leaf");
  process.run_until([&] { return !process.engine.started.empty(); });
  process.coordinator.drain("the machine is to be shut down");
  process.run_until([&] { return process.answers.count(top) != 0; });
  EXPECT_EQ(process.answer(top).verdict, Verdict::Stopped);
  EXPECT_EQ(process.answer(top).error.message,
            "top (thunk " + top.to_string() + ") was not run: the machine is to be shut down");
  process.loop.post([&] { process.engine.release_all(); });
  process.run();
  EXPECT_EQ(text_of(process.answer(leaf)), "x");
}

TEST_F(CoordinatorTest, an_engine_that_never_answers_is_given_up) {
  Policy policy = Process::keep_going();
  policy.longest_attempt = policy.grace = std::chrono::milliseconds{1};
  Process process(store, records, policy);
  process.engine.held = true;
  const Digest leaf = say("x");
  process.ask(leaf);
  process.run();
  EXPECT_EQ(process.answer(leaf).error.message, "fake has not answered for 0 s (given up after 3 tries)");
  EXPECT_EQ(process.engine.cancelled, 3U);
}

TEST_F(CoordinatorTest, why_a_thunk_waits_can_be_asked) {
  const Digest leaf = say("x");
  const Digest top = machine.thunk({"join"}, {{"a", out_of(leaf)}});
  Process process(store, records);
  process.engine.held = true;
  process.ask(top);
  process.run_until([&] { return !process.engine.started.empty(); });
  std::string why;
  process.coordinator.why_waiting(top, [&](const std::string& text) { why = text; });
  process.run_until([&] { return !why.empty(); });
  EXPECT_NE(why.find(leaf.to_string()), std::string::npos);
  process.engine.held = false;
  process.engine.release_all();
  process.run();
}

TEST_F(CoordinatorTest, outputs_that_turn_out_to_be_gone_are_made_again_on_demand) {
  const Digest leaf = say("x");
  Process process(store, records);
  process.ask(leaf);
  process.run();
  store.forget(object::hash("x"));
  process.answers.clear();
  ++process.expected_;
  process.coordinator.remake(leaf, [&](const Answer& answer) { process.note(leaf, answer); });
  process.run();
  EXPECT_EQ(text_of(process.answer(leaf)), "x");
  EXPECT_EQ(process.engine.started.size(), 2U);
}

// Records that cannot be written.
class ReadOnlyRecords final : public object::Records {
 public:
  base::Result<std::optional<std::string>> find(std::string_view /*table*/, const Digest& /*key*/) override {
    return std::nullopt;
  }

  base::Result<void> record(std::string_view /*table*/, const Digest& /*key*/,
                            std::string_view /*value*/) override {
    return base::failure("disk full", base::FailureKind::RetryElsewhere);
  }
};

TEST_F(CoordinatorTest, a_result_that_cannot_be_recorded_is_answered_and_the_trouble_told) {
  ReadOnlyRecords read_only;
  const Digest leaf = say("x");
  Process process(store, read_only);
  process.ask(leaf, "leaf");
  process.run();
  EXPECT_EQ(text_of(process.answer(leaf)), "x");
  EXPECT_EQ(std::count(process.notes.lines.begin(), process.notes.lines.end(),
                       "trouble cannot record a result: disk full"),
            1);
}

}  // namespace
}  // namespace sched
