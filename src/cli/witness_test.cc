#include "cli/witness.hh"

#include "base/files.hh"
#include "ir/thunk.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "sched/coordinator.hh"
#include "testing/fake_engine.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace cli {
namespace {

using std::chrono::nanoseconds;

class FixedClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return base::Nanoseconds{1}; }

  [[nodiscard]] base::Nanoseconds wall() const override { return base::Nanoseconds{2}; }
};

class WitnessTest : public ::testing::Test {
 protected:
  [[nodiscard]] RunRecord told() const { return read_journal(store_.path(), journal_.id()); }

  [[nodiscard]] std::string finish_reason(const sched::Outcome& outcome) {
    witness_.finished(thunk_, "compile a.c", outcome);
    const RunRecord run = told();
    return run.finished.back().outcome + " " + run.finished.back().reason;
  }

  [[nodiscard]] static sched::Outcome failed(sched::Verdict verdict, bool with_result) {
    sched::Outcome outcome;
    outcome.verdict = verdict;
    outcome.failure = std::make_shared<sched::Failure>(sched::Failure{
        {"no", base::FailureKind::Deterministic}, with_result ? std::make_shared<ir::Result>() : nullptr, 0});
    return outcome;
  }

  base::TemporaryDirectory store_;
  FixedClock clock_;
  Expectations expectations_{store_.path() + "/durations"};
  Journal journal_{store_.path(), {}};
  Witness witness_{&journal_, expectations_, clock_};
  const object::Digest thunk_ = object::hash("thunk");
  sched::Observer::Attempt attempt_{7, thunk_, thunk_, "compile a.c", "lambda", 2, nanoseconds{3}, true, 40};
};

TEST_F(WitnessTest, an_attempt_is_told_with_its_times_and_what_it_was_billed) {
  ir::Result result;
  result.exit_code = 1;
  result.outputs.emplace("a.o", object::File{object::hash("12345"), false});
  result.timings.fetch = nanoseconds{4};
  result.timings.set_up = nanoseconds{5};
  result.timings.execute = nanoseconds{6};
  result.timings.collect = nanoseconds{7};
  witness_.ended(attempt_, result, nanoseconds{30});
  const AttemptRecord one = told().attempts.at(0);
  EXPECT_EQ(one.id, 7U);
  EXPECT_EQ(one.thunk, thunk_.to_string());
  EXPECT_EQ(one.place, "lambda");
  EXPECT_EQ(one.number, 2U);
  EXPECT_TRUE(one.duplicate);
  EXPECT_EQ(one.billed_micro_dollars, 40U);
  EXPECT_EQ((std::vector<int64_t>{one.waited_ns, one.fetch_ns, one.set_up_ns, one.execute_ns, one.collect_ns,
                                  one.took_ns, one.ended_ns}),
            (std::vector<int64_t>{3, 4, 5, 6, 7, 30, 2}));
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_EQ(one.output_bytes, 5U);
  EXPECT_EQ(one.cancelled, "");
}

TEST_F(WitnessTest, an_attempt_without_a_result_says_why_and_a_cancelled_one_too) {
  witness_.ended(
      attempt_,
      tl::unexpected<sched::AttemptFailure>(base::Error{"reset", base::FailureKind::RetryElsewhere}),
      nanoseconds{30});
  witness_.cancelled(attempt_, sched::Unwanted::Superseded, nanoseconds{31});
  const RunRecord run = told();
  EXPECT_EQ(run.attempts.at(0).error, "reset");
  EXPECT_EQ(run.attempts.at(0).failure, "retry-elsewhere");
  EXPECT_EQ(run.attempts.at(1).cancelled, "superseded");
  EXPECT_EQ(run.attempts.at(1).took_ns, 31);
  EXPECT_EQ(run.attempts.at(1).billed_micro_dollars, 40U);
}

TEST_F(WitnessTest, a_decision_is_told_with_whom_it_is_about) {
  witness_.decided({sched::Decision::BackOff, thunk_, "compile a.c", "reset", nanoseconds{5}});
  witness_.decided({sched::Decision::Drained, std::nullopt, "", "it is late", nanoseconds{0}});
  const RunRecord run = told();
  EXPECT_EQ(run.decisions.at(0).reason, "back-off");
  EXPECT_EQ(run.decisions.at(0).thunk, thunk_.to_string());
  EXPECT_EQ(run.decisions.at(0).delay_ns, 5);
  EXPECT_EQ(run.decisions.at(1).thunk, "");
  EXPECT_EQ(run.decisions.at(1).detail, "it is late");
  EXPECT_EQ(run.decisions.at(1).at_ns, 2);
}

TEST_F(WitnessTest,
       what_a_coordinator_refuses_for_want_of_money_is_in_the_journal_with_its_reason_and_the_bill) {
  object::MemoryStore store;
  object::MemoryRecords records;
  const auto thunk_that_says = [&](const std::string& word) {
    ir::Command command;
    command.arguments = {word};
    ir::Thunk thunk;
    thunk.command = store.put(ir::encode(command)).value();
    thunk.input_root = store.put(object::encode(object::Directory{})).value();
    return store.put(ir::encode(thunk)).value();
  };
  sched::Policy policy;
  policy.on_failure = sched::OnFailure::KeepGoing;
  policy.budget.micro_dollars = 100;
  loop::Loop loop(1);
  fake::Engine engine(loop, "cloud", 1, [](const sched::Job&) { return ir::Result(); });
  engine.set_price(70);
  const base::SystemClock clock;
  sched::Coordinator coordinator(loop, store, records, clock, witness_,
                                 {{&engine, sched::Reducer::FailureIs::Final}}, policy);
  std::vector<sched::Answer> answers;  // of the loop thread
  for (const char* word : {"a", "b"}) {
    coordinator.submit(thunk_that_says(word), {}, [&](const sched::Answer& answer) {
      loop.post([&, answer] {
        answers.push_back(answer);
        if (answers.size() == 2) {
          loop.stop();
        }
      });
    });
  }
  loop.run();
  const RunRecord run = told();
  ASSERT_EQ(run.attempts.size(), 1U);
  EXPECT_EQ(run.attempts[0].billed_micro_dollars, 70U);
  ASSERT_EQ(run.decisions.size(), 1U);
  EXPECT_EQ(run.decisions[0].reason, "over-budget");
  EXPECT_NE(run.decisions[0].thunk, run.attempts[0].thunk);
  EXPECT_EQ(
      run.decisions[0].detail,
      "no engine can take thunk " + run.decisions[0].thunk +
          ": cloud: the budget of $0.000100 does not bear it: $0.000070 is spent, and it may cost $0.000070");
  const auto refused = std::find_if(run.finished.begin(), run.finished.end(), [&](const FinishRecord& one) {
    return one.thunk == run.decisions[0].thunk;
  });
  ASSERT_NE(refused, run.finished.end());
  EXPECT_EQ(refused->outcome, "failed");
}

TEST_F(WitnessTest, a_thunk_that_finished_says_by_what) {
  sched::Outcome outcome;
  outcome.verdict = sched::Verdict::Succeeded;
  EXPECT_EQ(finish_reason(outcome), "ran executed");
  outcome.source = sched::Source::MemoAsWritten;
  EXPECT_EQ(finish_reason(outcome), "hit memo-as-written");
  outcome.source = sched::Source::MemoConcrete;
  EXPECT_EQ(finish_reason(outcome), "hit memo-concrete");
  outcome.source = sched::Source::Converged;
  EXPECT_EQ(finish_reason(outcome), "hit twin");
  EXPECT_EQ(finish_reason(failed(sched::Verdict::Failed, true)), "failed command-failed");
  EXPECT_EQ(finish_reason(failed(sched::Verdict::Failed, false)), "failed no-result");
  EXPECT_EQ(finish_reason(failed(sched::Verdict::DependencyFailed, true)), "failed dependency-failed");
}

TEST_F(WitnessTest, what_was_stopped_has_not_finished) {
  sched::Outcome outcome;
  for (const auto verdict : {sched::Verdict::Stopped, sched::Verdict::Cancelled}) {
    outcome.verdict = verdict;
    witness_.finished(thunk_, "", outcome);
  }
  EXPECT_TRUE(told().finished.empty());
}

}  // namespace
}  // namespace cli
