#include "testing/history.hh"

#include "sched/reducer.hh"
#include "testing/fake_world.hh"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <unordered_map>

namespace fake {

namespace {

using sched::NodeId;
using sched::Reducer;
using sched::State;
using sched::Verdict;

class Wrong : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What may happen in a history, decided by its seed.
struct Weather {
  bool hiccups = false;   // steps and attempts fail in ways worth a retry, fewer times than the policy bears
  bool repeats = false;   // answers come again
  bool losses = false;    // the store loses outputs
  bool cancels = false;   // everything is cancelled, and asked for again
  bool failures = false;  // of commands
  bool stops = false;     // at the first failure
  bool outages = false;   // engines go away and come back
  bool doubts = false;    // an engine's failures are repeated

  [[nodiscard]] bool calm() const {
    return !hiccups && !repeats && !losses && !cancels && !stops && !outages && !doubts;
  }
};

Weather weather_for(std::mt19937_64& random) {
  const auto now_and_then = [&random] { return random() % 3 == 0; };
  Weather weather;
  weather.failures = now_and_then();
  if (now_and_then()) {
    return weather;
  }
  weather.hiccups = now_and_then();
  weather.repeats = now_and_then();
  weather.losses = now_and_then();
  weather.cancels = now_and_then();
  weather.stops = weather.failures && now_and_then();
  weather.outages = now_and_then();
  weather.doubts = now_and_then();
  return weather;
}

sched::Policy policy_for(const Weather& weather, std::mt19937_64& random) {
  sched::Policy policy;
  policy.on_failure = !weather.stops      ? sched::OnFailure::KeepGoing
                      : random() % 2 == 0 ? sched::OnFailure::FinishRunning
                                          : sched::OnFailure::CancelRunning;
  policy.max_attempts = 20;
  policy.seed = random();
  return policy;
}

class History {
 public:
  // A quiet one is three times as fast; the same seed tells all when need be.
  enum class Telling { Nothing, All };

  History(uint64_t seed, Telling telling)
      : telling_(telling),
        random_(seed),
        weather_(weather_for(random_)),
        world_(World::random(random_, {weather_.failures, chance(50), !weather_.losses && chance(30)})),
        thunks_(world_.size()),
        reducer_(policy_for(weather_, random_)) {
    for (size_t at = 0; at < thunks_; ++at) {
      (void)world_.truth(world_.name(at));
    }
  }

  void run() {
    set_engines();
    unasked_.resize(thunks_);
    for (size_t at = 0; at < thunks_; ++at) {
      unasked_[at] = at;
    }
    std::shuffle(unasked_.begin(), unasked_.end(), random_);
    if (chance(50)) {
      unasked_.resize(1 + below(thunks_));
    }
    asked_ = unasked_;
    while (step()) {
    }
    check_end();
    run_again();
  }

  [[nodiscard]] std::string story() const {
    std::string story;
    for (const std::string& line : log_) {
      story += "  " + line + "\n";
    }
    return story;
  }

 private:
  size_t below(size_t limit) { return static_cast<size_t>(random_() % limit); }

  bool chance(unsigned percent) { return random_() % 100 < percent; }

  template <class... Args>
  void note(fmt::format_string<const Args&...> line, const Args&... args) {
    if (telling_ == Telling::All) {
      log_.push_back(fmt::format(line, args...));
    }
  }

  static void require(bool fine, const std::string& rule) {
    if (!fine) {
      throw Wrong(rule);
    }
  }

  void set_engines() {
    engines_ = 1 + below(3);
    for (size_t at = 0; at < engines_; ++at) {
      slots_.push_back(1 + static_cast<unsigned>(below(3)));
      set_slots(at, slots_[at]);
    }
  }

  void set_slots(size_t engine, unsigned slots) {
    note("engine {} has {} slots", engine, slots);
    slots_[engine] = slots;
    reducer_.set_engine(
        static_cast<sched::EngineId>(engine), slots,
        weather_.doubts && engine % 2 == 0 ? Reducer::FailureIs::Repeated : Reducer::FailureIs::Final);
    after_event();
  }

  // One thing happens. False when nothing more can.
  bool step() {
    if (++steps_ > 20'000) {
      throw Wrong("it never ends");
    }
    if (chance(5)) {
      interfere();
    }
    if (!unasked_.empty() && (pending_.empty() || chance(30))) {
      ask(unasked_.back());
      unasked_.pop_back();
    } else if (!pending_.empty()) {
      const size_t which = chance(20) ? pending_.size() - 1 : below(pending_.size());
      const auto answer = std::move(pending_[which]);
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
      answer();
      after_event();
      if (weather_.repeats && chance(20)) {
        pending_.push_back(answer);
      }
    } else {
      return go_on_without_answers();
    }
    return true;
  }

  bool go_on_without_answers() {
    for (size_t engine = 0; engine < engines_; ++engine) {
      if (slots_[engine] == 0) {
        set_slots(engine, 1);
        return true;
      }
    }
    if (const auto when = reducer_.next_tick()) {
      now_ = std::max(now_, *when);
      note("time goes on");
      reducer_.tick(now_);
      after_event();
      return true;
    }
    if (cancelled_) {
      note("all is asked for again");
      cancelled_ = false;
      unasked_ = asked_;
      return true;
    }
    return false;
  }

  void interfere() {
    if (reducer_.size() > 0 && chance(40)) {
      const auto node = static_cast<NodeId>(below(reducer_.size()));
      note("hurry {}", node);
      reducer_.hurry(node);
      after_event();
    }
    if (weather_.outages && chance(40)) {
      set_slots(below(engines_), static_cast<unsigned>(below(3)));
    }
    if (weather_.cancels && chance(20) && cancels_++ < 3) {
      note("cancel all");
      reducer_.cancel_all();
      cancelled_ = true;
      after_event();
      require(reducer_.unfinished() == 0, "something is left after a cancel");
    }
    if (weather_.losses && losses_ < 2 && reducer_.size() > 0) {
      lose(static_cast<NodeId>(below(reducer_.size())));
    }
  }

  void lose(NodeId node) {
    const sched::Outcome outcome = reducer_.outcome(node);
    if (outcome.verdict != Verdict::Succeeded) {
      return;
    }
    const auto* file = std::get_if<object::File>(&outcome.result->outputs.at("a"));
    if (file == nullptr) {
      return;
    }
    ++losses_;
    note("the store loses what {} made", node);
    world_.lose(file->digest);
    if (chance(30)) {
      note("remake {}", node);
      reducer_.remake(node);
      after_event();
    }
  }

  void ask(size_t thunk) {
    note("ask for thunk {}", thunk);
    sched::Request request;
    request.weight = 1 + static_cast<uint32_t>(below(100));
    request.hurried = chance(10);
    request.hints.label = fmt::format("t{}", thunk);
    (void)reducer_.add(world_.name(thunk), request);
    after_event();
  }

  void after_event() {
    const std::vector<std::string> wrong = reducer_.inconsistencies();
    require(wrong.empty(), wrong.empty() ? "" : wrong.front());
    std::vector<sched::Action> actions;
    reducer_.take_actions(actions);
    for (const sched::Action& action : actions) {
      std::visit([this](const auto& one) { take(one); }, action);
    }
    if (reducer_.size() > 0) {
      require(!reducer_.why_waiting(static_cast<NodeId>(below(reducer_.size()))).empty(),
              "no cause is shown");
    }
  }

  // Does this step fail now? Never so often that the policy gives up.
  bool hiccup(sched::Ticket ticket) {
    if (!weather_.hiccups || !chance(20) || ++hiccups_[ticket.node] > 2) {
      return false;
    }
    reducer_.failed(ticket, base::Error{"hiccup", chance(50) ? base::FailureKind::RetryHere
                                                             : base::FailureKind::RetryElsewhere});
    return true;
  }

  std::optional<ir::Result> memo(const object::Digest& thunk, sched::UseMemo use) {
    const auto found = memos_.find(thunk);
    if (use == sched::UseMemo::No || found == memos_.end() || !world_.is_whole(found->second)) {
      return std::nullopt;
    }
    return found->second;
  }

  void take(const sched::Open& action) {
    note("node {} opens", action.ticket.node);
    if (action.use_memo == sched::UseMemo::No) {
      answers_.erase(action.ticket.node);  // made again
    }
    pending_.push_back([this, action] {
      note("node {} is opened", action.ticket.node);
      if (hiccup(action.ticket)) {
        return;
      }
      if (auto result = memo(action.thunk, action.use_memo)) {
        reducer_.memo_found(action.ticket, std::move(*result));
      } else {
        reducer_.opened(action.ticket, world_.promises(action.thunk));
      }
    });
  }

  static World::Concrete concrete(const std::vector<sched::Made>& made) {
    World::Concrete concrete;
    for (const sched::Made& one : made) {
      require(one.result != nullptr, "made without a result");
      require(concrete.emplace(one.thunk, one.result.get()).second, "made twice");
    }
    return concrete;
  }

  void take(const sched::Substitute& action) {
    note("node {} substitutes", action.ticket.node);
    ++substitutions_[action.ticket.node];
    pending_.push_back([this, action] {
      note("node {} is substituted", action.ticket.node);
      if (hiccup(action.ticket)) {
        return;
      }
      const object::Digest name = world_.substitute(action.thunk, concrete(action.made));
      reducer_.substituted(action.ticket, name, memo(name, action.use_memo));
    });
  }

  void take(const sched::OpenResult& action) {
    note("node {} opens its result", action.ticket.node);
    pending_.push_back([this, action] {
      note("node {}'s result is opened", action.ticket.node);
      if (!hiccup(action.ticket)) {
        reducer_.result_opened(action.ticket, world_.promises(*action.result));
      }
    });
  }

  void take(const sched::SubstituteResult& action) {
    note("node {} substitutes its result", action.ticket.node);
    pending_.push_back([this, action] {
      note("node {}'s result is substituted", action.ticket.node);
      if (!hiccup(action.ticket)) {
        reducer_.result_substituted(action.ticket, world_.substitute(*action.result, concrete(action.made)));
      }
    });
  }

  void take(const sched::Verify& action) {
    note("node {} asks who lost what", action.ticket.node);
    require(losses_ > 0, "verifies without a loss");
    pending_.push_back([this, action] {
      std::vector<NodeId> not_whole;
      for (const sched::Made& made : action.made) {
        if (!world_.is_whole(*made.result)) {
          not_whole.push_back(made.node);
        }
      }
      note("node {} hears that {} lost something", action.ticket.node, not_whole.size());
      reducer_.verified(action.ticket, not_whole);
    });
  }

  void take(const sched::Execute& action) {
    note("node {} runs on engine {}", action.node, action.engine);
    require(++busy_[action.engine] <= slots_[action.engine], "more jobs than slots");
    require(in_work_.insert(action.thunk).second, "one concrete thunk runs twice at once");
    require(attempts_.emplace(action.attempt, action).second, "an attempt's name is used twice");
    ++executions_[action.thunk];
    pending_.push_back([this, action] {
      note("attempt for node {} ends", action.node);
      if (attempts_.count(action.attempt) != 0) {
        end_attempt(action.attempt);
      } else {
        note("  (too late)");
      }
      reducer_.attempt_done(action.attempt, answer_of(action));
    });
  }

  void end_attempt(sched::AttemptId attempt) {
    const sched::Execute& action = attempts_.at(attempt);
    --busy_[action.engine];
    in_work_.erase(action.thunk);
    attempts_.erase(attempt);
  }

  sched::AttemptResult answer_of(const sched::Execute& action) {
    const std::vector<object::Digest> gone = world_.lost_inputs(action.thunk);
    if (!gone.empty()) {
      note("  (input lost)");
      return tl::unexpected<sched::AttemptFailure>(sched::AttemptFailure(base::Error{"gone"}, gone));
    }
    if (weather_.hiccups && chance(20) && ++crashes_[action.node] <= 2) {
      note("  (crash)");
      return tl::unexpected<sched::AttemptFailure>(base::Error{
          "crash", chance(50) ? base::FailureKind::RetryHere : base::FailureKind::RetryElsewhere});
    }
    if (weather_.doubts && action.engine % 2 == 0 && chance(20) && false_failures_[action.node]++ == 0) {
      note("  (fails where it should not)");
      ir::Result result;
      result.exit_code = 9;
      return result;
    }
    return world_.execute(action.thunk);
  }

  void take(const sched::CancelAttempt& action) {
    require(attempts_.count(action.attempt) != 0, "cancels what does not run");
    require(attempts_.at(action.attempt).engine == action.engine, "cancels at the wrong engine");
    note("attempt for node {} is cancelled", attempts_.at(action.attempt).node);
    end_attempt(action.attempt);
  }

  void take(const sched::RecordMemo& action) {
    require(action.result->exit_code == 0, "a failure is recorded");
    const auto known = memos_.find(action.thunk);
    require(known == memos_.end() || known->second.owes() || !action.result->owes() || losses_ > 0,
            "a final result is replaced by one that owes");
    require(known == memos_.end() || !(known->second == *action.result) || !weather_.calm(),
            "recorded twice");
    memos_.insert_or_assign(action.thunk, *action.result);
  }

  void take(const sched::Finished& action) {
    const sched::Outcome outcome = reducer_.outcome(action.node);
    note("node {} is finished: {}", action.node, static_cast<int>(outcome.verdict));
    require(outcome.verdict != Verdict::None, "finished without a verdict");
    const auto [known, is_new] = answers_.emplace(action.node, outcome);
    if (!is_new) {
      require(known->second.verdict == Verdict::Cancelled, "finished twice");
      known->second = outcome;
    }
    if (outcome.verdict == Verdict::Succeeded) {
      require(memos_.count(reducer_.thunk(action.node)) != 0, "finished before it was recorded");
    }
  }

  void check_end() {
    for (NodeId node = 0; node < reducer_.size(); ++node) {
      require(reducer_.state(node) == State::Finished,
              fmt::format("node {} hangs: {}", node, reducer_.why_waiting(node)));
      require(answers_.count(node) != 0, "finished in silence");
      check_answer(node);
    }
    require(attempts_.empty(), "something still runs");
    for (const size_t thunk : asked_) {
      require(reducer_.find(world_.name(thunk)).has_value(), "a thunk is forgotten");
    }
    if (weather_.calm()) {
      require(reducer_.counters().late_answers == 0, "an answer that was asked for is not taken");
      for (const auto& [concrete, times] : executions_) {
        require(times == 1, "a concrete thunk is executed twice");
      }
      for (const auto& [node, times] : substitutions_) {
        require(times == 1, "a node is substituted twice");
      }
    }
  }

  void check_answer(NodeId node) {
    const sched::Outcome outcome = reducer_.outcome(node);
    const std::optional<ir::Result>& truth = world_.truth(reducer_.thunk(node));
    switch (outcome.verdict) {
      case Verdict::Succeeded:
        require(truth.has_value(), fmt::format("node {} should have failed", node));
        require(*outcome.result == *truth, fmt::format("node {} has a wrong answer", node));
        require(memos_.at(reducer_.thunk(node)) == *truth, "a wrong memo");
        return;
      case Verdict::Failed:
      case Verdict::DependencyFailed:
        require(!truth.has_value(), fmt::format("node {} should have succeeded", node));
        require(memos_.count(reducer_.thunk(node)) == 0 || memos_.at(reducer_.thunk(node)).owes(),
                "a failure has a memo");
        check_blame(node, outcome);
        return;
      case Verdict::Stopped:
        require(weather_.stops, fmt::format("node {} is stopped, and nobody said so", node));
        check_blame(node, outcome);
        return;
      case Verdict::Cancelled:
        require(weather_.cancels, "cancelled by nobody");
        return;
      case Verdict::None:
        throw Wrong("no verdict");
    }
  }

  // Going from one to the one it failed because of ends at the root cause, which all of them name.
  void check_blame(NodeId node, const sched::Outcome& outcome) {
    require(outcome.failure != nullptr, "failed without a reason");
    require(reducer_.outcome(outcome.failure->node).verdict == Verdict::Failed,
            "the root cause has not failed");
    for (size_t steps = 0; reducer_.outcome(node).because != sched::kNoNode; ++steps) {
      require(steps < reducer_.size(), "the blame goes round");
      node = reducer_.outcome(node).because;
      require(reducer_.outcome(node).failure == outcome.failure, "the blame changes on the way");
    }
    require(reducer_.outcome(node).verdict == Verdict::Failed, "the blame ends nowhere");
  }

  // A new run on the same memos: what succeeded is not executed again.
  void run_again() {
    note("a new run");
    if (weather_.losses) {
      return;
    }
    Reducer again(sched::Policy{sched::OnFailure::KeepGoing});
    again.set_engine(0, 2);
    std::vector<sched::Action> actions;
    for (const size_t thunk : asked_) {
      const NodeId first = *reducer_.find(world_.name(thunk));
      if (reducer_.outcome(first).verdict != Verdict::Succeeded) {
        continue;
      }
      const NodeId node = again.add(world_.name(thunk));
      again.take_actions(actions);
      for (const sched::Action& action : actions) {
        const auto* open = std::get_if<sched::Open>(&action);
        require(open != nullptr || std::get_if<sched::Finished>(&action) != nullptr, "a memo is not enough");
        if (open != nullptr) {
          again.memo_found(open->ticket, memos_.at(open->thunk));
        }
      }
      again.take_actions(actions);
      require(actions.size() == 1 && std::holds_alternative<sched::Finished>(actions[0]),
              "a hit does more than finish");
      require(*again.outcome(node).result == *reducer_.outcome(first).result, "the memo says otherwise");
      require(again.outcome(node).source == sched::Source::MemoAsWritten, "a hit that is none");
    }
  }

  Telling telling_;
  std::mt19937_64 random_;
  Weather weather_;
  World world_;
  size_t thunks_;
  Reducer reducer_;
  base::Nanoseconds now_{0};
  size_t engines_ = 0;
  std::vector<unsigned> slots_;
  std::map<sched::EngineId, unsigned> busy_;
  std::vector<size_t> unasked_;
  std::vector<size_t> asked_;
  std::vector<std::function<void()>> pending_;
  std::map<sched::AttemptId, sched::Execute> attempts_;
  std::set<object::Digest> in_work_;
  std::map<object::Digest, ir::Result> memos_;
  std::map<object::Digest, unsigned> executions_;
  std::map<NodeId, unsigned> substitutions_;
  std::map<NodeId, unsigned> hiccups_;
  std::map<NodeId, unsigned> crashes_;
  std::map<NodeId, unsigned> false_failures_;
  std::map<NodeId, sched::Outcome> answers_;
  size_t steps_ = 0;
  unsigned losses_ = 0;
  unsigned cancels_ = 0;
  bool cancelled_ = false;
  std::vector<std::string> log_;
};

}  // namespace

std::optional<std::string> run_history(uint64_t seed) {
  try {
    History(seed, History::Telling::Nothing).run();
    return std::nullopt;
  } catch (const std::exception&) {
    History again(seed, History::Telling::All);
    try {
      again.run();
    } catch (const std::exception& wrong) {
      return fmt::format("GG_SEED={}: {}\n{}", seed, wrong.what(), again.story());
    }
    return fmt::format("GG_SEED={}: went wrong once, and not again", seed);
  }
}

}  // namespace fake
