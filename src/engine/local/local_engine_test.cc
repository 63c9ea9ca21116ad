#include "engine/local/local_engine.hh"

#include "exec/executor.hh"
#include "exec/test_store.hh"

#include <gtest/gtest.h>

#include <map>

namespace {

// The loop's queue, turned by hand.
class Queue {
 public:
  engine::LocalEngine::Post post() {
    return [this](std::function<void()> callback) {
      const std::scoped_lock lock(mutex_);
      callbacks_.push_back(std::move(callback));
      changed_.notify_one();
    };
  }

  // Waits for one callback and runs it.
  void turn() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !callbacks_.empty(); })) {
      ADD_FAILURE() << "nothing was posted within 30 s";
      return;
    }
    const std::function<void()> callback = std::move(callbacks_.front());
    callbacks_.pop_front();
    lock.unlock();
    callback();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> callbacks_;
};

class LocalEngineTest : public ::testing::Test {
 protected:
  LocalEngineTest() {
    tree_.file("guest", base::read_file(GUEST), true);
    auto executor = exec::Executor::open(store_, space_.path() + "/layouts");
    EXPECT_TRUE(executor) << executor.error().message;
    engine::LocalEngine::Options options;
    options.slots = 2;
    options.limits.time = std::chrono::seconds(30);
    engine_ = std::make_unique<engine::LocalEngine>(std::move(*executor), options, queue_.post());
  }

  sched::Job job(sched::AttemptId attempt, const std::vector<std::string>& words) {
    ir::Command command;
    command.arguments = {"/guest"};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    const ir::Thunk thunk{store_.put(ir::encode(command)).value(), tree_.root(), {}};
    sched::Job job;
    job.attempt = attempt;
    job.thunk = store_.put(ir::encode(thunk)).value();
    return job;
  }

  sched::Engine::Done note() {
    return [this](sched::AttemptId attempt, sched::AttemptResult result, sched::MicroDollars /*billed*/) {
      answers_.emplace(attempt, std::move(result));
    };
  }

  // Callbacks of cancelled jobs may come before.
  void answer_once() {
    const size_t before = answers_.size();
    while (answers_.size() == before && !HasFailure()) {
      queue_.turn();
    }
  }

  Queue queue_;
  exec::TestStore store_;
  base::TemporaryDirectory space_;
  exec::TreeBuilder tree_{store_};
  std::unique_ptr<engine::LocalEngine> engine_;
  std::map<sched::AttemptId, sched::AttemptResult> answers_;
};

TEST_F(LocalEngineTest, runs_more_jobs_than_it_has_slots_and_answers_each_once) {
  for (unsigned i = 1; i <= 9; ++i) {
    engine_->start(job(i, {"exit", std::to_string(i)}), note());
  }
  EXPECT_TRUE(answers_.empty()) << "answered from within start()";
  for (unsigned i = 1; i <= 9; ++i) {
    queue_.turn();
  }
  ASSERT_EQ(answers_.size(), 9U);
  for (const auto& [attempt, answer] : answers_) {
    ASSERT_TRUE(answer) << answer.error().error.message;
    EXPECT_EQ(answer->exit_code, static_cast<int>(attempt));
  }
}

TEST_F(LocalEngineTest, a_cancelled_job_is_killed_and_never_answered) {
  engine_->start(job(1, {"sleep", "60"}), note());
  engine_->start(job(2, {"sleep", "60"}), note());
  engine_->start(job(3, {"sleep", "60"}), note());  // waits for a slot
  engine_->cancel(3);
  engine_->cancel(1);
  engine_->cancel(2);
  engine_->start(job(4, {"exit", "0"}), note());
  answer_once();
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_.begin()->first, 4U);
}

TEST_F(LocalEngineTest, an_answer_on_its_way_finds_nobody_after_a_cancel) {
  engine_->start(job(1, {"exit", "0"}), note());
  engine_->start(job(2, {"exit", "0"}), note());
  engine_->cancel(1);
  engine_->cancel(99);  // unknown: nothing to do
  answer_once();
  EXPECT_EQ(answers_.count(1), 0U);
  EXPECT_EQ(answers_.count(2), 1U);
}

TEST_F(LocalEngineTest, a_jobs_own_timeout_comes_first) {
  sched::Job slow = job(1, {"sleep", "60"});
  slow.hints.timeout = std::chrono::milliseconds(50);
  engine_->start(slow, note());
  queue_.turn();
  ASSERT_FALSE(answers_.at(1));
  EXPECT_EQ(answers_.at(1).error().error.message, "the command was stopped: it had run for more than 50 ms");
  EXPECT_EQ(answers_.at(1).error().error.kind, base::FailureKind::RetryElsewhere);
}

TEST_F(LocalEngineTest, lost_objects_reach_the_scheduler) {
  sched::Job gone = job(1, {"exit", "0"});
  store_.forget(gone.thunk);
  engine_->start(gone, note());
  queue_.turn();
  ASSERT_FALSE(answers_.at(1));
  EXPECT_EQ(answers_.at(1).error().lost, std::vector<object::Digest>{gone.thunk});
}

TEST_F(LocalEngineTest, going_away_stops_what_runs_and_answers_nobody) {
  engine_->start(job(1, {"sleep", "60"}), note());
  engine_->start(job(2, {"sleep", "60"}), note());
  engine_->start(job(3, {"sleep", "60"}), note());
  engine_.reset();
  EXPECT_TRUE(answers_.empty());
}

}  // namespace
