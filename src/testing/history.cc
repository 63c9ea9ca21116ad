#include "testing/history.hh"

#include "sched/reducer.hh"
#include "testing/fake_world.hh"
#include "testing/shrink.hh"
#include "testing/weather.hh"

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

// What is left out of a history, to see whether it still goes wrong: troubles of the weather, thunks that are
// asked for, and single strikes of fate, numbered one after the other.
class Cuts {
 public:
  Cuts() = default;

  explicit Cuts(std::set<size_t> items) : items_(std::move(items)) {}

  [[nodiscard]] bool trouble(size_t number) const { return has(number); }

  [[nodiscard]] bool thunk(size_t number) const { return has(kTroubles.size() + number); }

  [[nodiscard]] bool strike(size_t number) const { return has(kTroubles.size() + kMostThunks + number); }

  [[nodiscard]] static size_t count(size_t strikes) { return kTroubles.size() + kMostThunks + strikes; }

 private:
  static constexpr size_t kMostThunks = 32;

  [[nodiscard]] bool has(size_t item) const { return items_.count(item) != 0; }

  std::set<size_t> items_;
};

Weather without(Weather weather, const Cuts& cuts) {
  for (size_t number = 0; number < kTroubles.size(); ++number) {
    weather.*kTroubles.at(number) = weather.*kTroubles.at(number) && !cuts.trouble(number);
  }
  return weather;
}

class History {
 public:
  // A quiet one is three times as fast; the same seed tells all when need be.
  enum class Telling { Nothing, All };

  History(uint64_t seed, const Rule& rule, Cuts cuts, Telling telling)
      : telling_(telling),
        rule_(rule),
        cuts_(std::move(cuts)),
        random_(seed),
        weather_(without(weather_for(random_), cuts_)),
        world_(World::random(random_, {weather_.failures, chance(50), !weather_.losses && chance(30)})),
        thunks_(world_.size()),
        policy_(policy_for(weather_, random_)),
        reducer_(policy_) {
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
    kinds_ = 1 + below(2);
    std::shuffle(unasked_.begin(), unasked_.end(), random_);
    if (chance(50)) {
      unasked_.resize(1 + below(chance(50) ? thunks_ : std::min<size_t>(thunks_, 3)));
    }
    unasked_.erase(
        std::remove_if(unasked_.begin(), unasked_.end(), [this](size_t thunk) { return cuts_.thunk(thunk); }),
        unasked_.end());
    asked_ = unasked_;
    std::vector<object::Digest> asked;
    for (const size_t thunk : asked_) {
      asked.push_back(world_.name(thunk));
    }
    given_ = world_.trees_of(asked);
    while (step()) {
    }
    check_end();
    run_again();
    if (drained_) {
      resume();
    }
  }

  [[nodiscard]] size_t strikes() const { return strikes_; }

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

  // Does fate strike here?
  bool strikes(unsigned percent) { return chance(percent) && !cuts_.strike(strikes_++); }

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
    const size_t engines = 1 + below(3);
    for (size_t at = 0; at < engines; ++at) {
      sched::Capacity capacity;
      capacity.name = fmt::format("engine {}", at);
      capacity.is_local = at == 0;
      if (weather_.bills && chance(60)) {
        capacity.per_job = below(1000);
        capacity.per_second = below(200);
      }
      if (weather_.needs) {
        capacity.cores = static_cast<unsigned>(below(5));
        capacity.memory_bytes = below(5) * 100;
        capacity.job_cores = chance(30) ? 3 : 0;
        capacity.job_memory_bytes = chance(30) ? 300 : 0;
        capacity.platform = chance(30) ? "odd" : chance(50) ? "usual" : "";
      }
      capacities_.push_back(capacity);
      busy_.emplace_back();
    }
    for (size_t at = 0; at < engines; ++at) {
      set_slots(at, 1 + static_cast<unsigned>(below(3)));
    }
  }

  void set_slots(size_t engine, unsigned slots) {
    note("engine {} has {} slots", engine, slots);
    capacities_[engine].slots = slots;
    reducer_.set_engine(
        static_cast<sched::EngineId>(engine), capacities_[engine],
        weather_.doubts && engine % 2 == 0 ? Reducer::FailureIs::Repeated : Reducer::FailureIs::Final);
    after_event();
  }

  void time_goes_on(base::Nanoseconds to) {
    now_ = std::max(now_, to);
    note("it is {} ms", std::chrono::duration_cast<std::chrono::milliseconds>(now_).count());
    reducer_.tick(now_);
    after_event();
  }

  // One thing happens. False when nothing more can.
  bool step() {
    if (++steps_ > 20'000) {
      throw Wrong("it never ends");
    }
    if (strikes(5)) {
      interfere();
    }
    if (!acknowledgements_.empty() && chance(50)) {
      reducer_.recorded(acknowledgements_.back());
      acknowledgements_.pop_back();
      after_event();
    }
    if (weather_.slowness && strikes(30)) {
      time_goes_on(now_ + std::chrono::milliseconds{below(3000)});
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
      if (weather_.repeats && strikes(20)) {
        pending_.push_back(answer);
      }
    } else {
      return go_on_without_answers();
    }
    return true;
  }

  bool go_on_without_answers() {
    for (size_t engine = 0; engine < capacities_.size(); ++engine) {
      if (capacities_[engine].slots == 0) {
        set_slots(engine, 1);
        return true;
      }
    }
    if (const auto when = reducer_.next_tick()) {
      time_goes_on(*when);
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
    if (const auto some = any_node(); some && chance(40)) {
      const NodeId node = *some;
      note("hurry {}", node);
      reducer_.hurry(node);
      after_event();
    }
    if (weather_.outages && chance(40)) {
      set_slots(below(capacities_.size()), static_cast<unsigned>(below(3)));
    }
    if (weather_.cancels && chance(20) && cancels_++ < 3) {
      note("cancel all");
      reducer_.cancel_all();
      cancelled_ = true;
      after_event();
      require(reducer_.unfinished() == 0, "something is left after a cancel");
    }
    if (weather_.drains && !drained_ && chance(30)) {
      note("drain");
      drained_ = true;
      reducer_.drain("the run is being drained");
      after_event();
    }
    if (const auto some = any_node(); some && weather_.losses && losses_ < 2) {
      if (chance(50)) {
        lose(*some);
      } else {
        lose_child(*some);
      }
    }
  }

  std::optional<NodeId> any_node() {
    if (reducer_.size() == 0) {
      return std::nullopt;
    }
    const auto node = static_cast<NodeId>(below(reducer_.size()));
    return reducer_.has(node) ? std::optional<NodeId>(node) : std::nullopt;
  }

  // A thunk that some process made: of what the user gave, nobody else has a copy.
  void lose_child(NodeId node) {
    if (given_.count(reducer_.thunk(node)) == 0) {
      ++losses_;
      note("the store loses the thunk of node {}", node);
      world_.lose(reducer_.thunk(node));
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
    request.hints.kind = fmt::format("kind {}", thunk % kinds_);
    if (weather_.needs) {
      request.hints.cores = static_cast<unsigned>(below(4));
      request.hints.memory_bytes = below(4) * 100;
      request.hints.platform = chance(10) ? "odd" : chance(10) ? "usual" : "";
      request.hints.local_only = chance(10);
    }
    (void)reducer_.add(world_.name(thunk), request);
    after_event();
  }

  void after_event() {
    const std::vector<std::string> wrong = reducer_.inconsistencies();
    require(wrong.empty(), wrong.empty() ? "" : wrong.front());
    std::vector<sched::Action> actions;
    reducer_.take_actions(actions);
    for (const sched::Action& action : actions) {
      const std::string objection = rule_ ? rule_(action) : std::string();
      require(objection.empty(), objection);
      std::visit([this](const auto& one) { take(one); }, action);
    }
    check_attempts();
    if (const auto some = any_node()) {
      require(!reducer_.why_waiting(*some).empty(), "no cause is shown");
    }
  }

  // What the engines see, and what they bill.
  void check_attempts() {
    for (const auto& [attempt, action] : attempts_) {
      require(reducer_.state(action.node) == State::Running, "an attempt goes on that nobody waits for");
    }
    const sched::Counters& counters = reducer_.counters();
    const sched::Policy::Stragglers& stragglers = policy_.stragglers;
    require(counters.duplicates <=
                std::max<uint64_t>(stragglers.free, counters.attempts * stragglers.share_percent / 100 + 1),
            "too many duplicates");
    if (weather_.bills) {
      require(started_ == counters.attempts, "executions are miscounted");
      require(started_ <= *policy_.budget.executions, "more is executed than the budget allows");
      require(counters.billed <= *policy_.budget.micro_dollars + overcharged_,
              "more money is billed than the budget allows");
    }
  }

  // Does this step fail now? Never so often that the policy gives up.
  bool hiccup(sched::Ticket ticket) {
    if (!weather_.hiccups || !strikes(20) || ++hiccups_[ticket.node] > 2) {
      return false;
    }
    reducer_.failed(ticket, base::Error{"hiccup", chance(50) ? base::FailureKind::RetryHere
                                                             : base::FailureKind::RetryElsewhere});
    return true;
  }

  // Is the thunk gone from the store?
  bool is_lost(sched::Ticket ticket, const object::Digest& thunk) {
    if (!world_.is_lost(thunk)) {
      return false;
    }
    note("  (it is gone)");
    reducer_.failed(ticket, sched::AttemptFailure(base::Error{"gone"}, {thunk}));
    return true;
  }

  // Now and then a memo is looked up some time before the answer is heard.
  std::optional<std::optional<ir::Result>> looked_up(const object::Digest& thunk, sched::UseMemo use) {
    return !weather_.losses && chance(50) ? std::make_optional(memo(thunk, use)) : std::nullopt;
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
      answers_.erase(action.thunk);  // made again
    }
    pending_.push_back([this, action, early = looked_up(action.thunk, action.use_memo)] {
      note("node {} is opened", action.ticket.node);
      if (hiccup(action.ticket)) {
        return;
      }
      if (auto result = early ? *early : memo(action.thunk, action.use_memo)) {
        reducer_.memo_found(action.ticket, std::move(*result));
      } else if (!is_lost(action.ticket, action.thunk)) {
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
    ++substitutions_[action.thunk];
    std::optional<std::optional<ir::Result>> early;
    if (!weather_.losses) {
      early = looked_up(world_.substitute(action.thunk, concrete(action.made)), action.use_memo);
    }
    pending_.push_back([this, action, early] {
      note("node {} is substituted", action.ticket.node);
      if (hiccup(action.ticket) || is_lost(action.ticket, action.thunk)) {
        return;
      }
      const object::Digest name = world_.substitute(action.thunk, concrete(action.made));
      reducer_.substituted(action.ticket, name, early ? *early : memo(name, action.use_memo));
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
    note("node {} runs on engine {}{}", action.node, action.engine, action.duplicate ? " as well" : "");
    check_place(action);
    require(!drained_, "something starts after the drain");
    require((in_work_.count(action.thunk) != 0) == action.duplicate,
            "one concrete thunk runs twice at once, or is said to");
    in_work_.insert(action.thunk);
    if (action.duplicate) {
      require(
          ++duplicates_[action.node] <= policy_.stragglers.per_thunk || weather_.cancels || weather_.losses,
          "too many duplicates of one");
    }
    require(attempts_.emplace(action.attempt, action).second, "an attempt's name is used twice");
    ++executions_[action.thunk];
    const auto answer = [this, action] {
      const bool in_time = attempts_.count(action.attempt) != 0;
      note("attempt {} for node {} ends{}", action.attempt, action.node, in_time ? "" : ", too late");
      const sched::MicroDollars cost = in_time ? bill(action) : 0;
      if (in_time) {
        end_attempt(action.attempt);
      }
      reducer_.attempt_done(action.attempt, answer_of(action), cost);
    };
    if (weather_.silences && strikes(20) && ++silences_[action.node] <= 2) {
      note("  (without an answer)");
      unanswered_.emplace(action.attempt, answer);
    } else {
      pending_.push_back(answer);
    }
  }

  // May it run there, and is there room?
  void check_place(const sched::Execute& action) {
    const sched::Capacity& place = capacities_.at(action.engine);
    const sched::Hints hints = reducer_.hints(action.node);
    require(sched::refusal(hints, place).empty(), "runs where it cannot run");
    Busy& busy = busy_.at(action.engine);
    require(++busy.slots <= place.slots, "more jobs than slots");
    const auto cores = std::min<uint64_t>(hints.cores, place.cores);
    const auto memory = std::min(hints.memory_bytes, place.memory_bytes);
    require((busy.cores += cores) <= place.cores, "more cores than there are");
    require((busy.memory += memory) <= place.memory_bytes, "more memory than there is");
    taken_.emplace(action.attempt, Busy{1, cores, memory});
    if (action.duplicate) {
      for (const auto& [attempt, other] : attempts_) {
        require(other.node != action.node || other.engine != action.engine || !place.is_local,
                "the same machine is asked a second time");
      }
    }
    ++started_;
  }

  sched::MicroDollars bill(const sched::Execute& action) {
    const sched::Capacity& place = capacities_.at(action.engine);
    if (place.per_job == 0 && place.per_second == 0) {
      return 0;
    }
    const sched::MicroDollars most = place.per_job + 10 * place.per_second;
    if (strikes(5)) {
      overcharged_ += 500;
      return most + 500;
    }
    return below(most + 1);
  }

  void end_attempt(sched::AttemptId attempt) {
    const sched::Execute& action = attempts_.at(attempt);
    Busy& busy = busy_.at(action.engine);
    const Busy& taken = taken_.at(attempt);
    busy.slots -= taken.slots;
    busy.cores -= taken.cores;
    busy.memory -= taken.memory;
    in_work_.erase(in_work_.find(action.thunk));
    attempts_.erase(attempt);
  }

  sched::AttemptResult answer_of(const sched::Execute& action) {
    const std::vector<object::Digest> gone = world_.lost_inputs(action.thunk);
    if (!gone.empty()) {
      note("  (input lost)");
      return tl::unexpected<sched::AttemptFailure>(sched::AttemptFailure(base::Error{"gone"}, gone));
    }
    if (weather_.hiccups && strikes(20) && ++crashes_[action.node] <= 2) {
      note("  (crash)");
      return tl::unexpected<sched::AttemptFailure>(base::Error{
          "crash", chance(50) ? base::FailureKind::RetryHere : base::FailureKind::RetryElsewhere});
    }
    if (weather_.doubts && action.engine % 2 == 0 && strikes(20) && false_failures_[action.node]++ == 0) {
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
    if (const auto silent = unanswered_.extract(action.attempt); silent && chance(50)) {
      pending_.push_back(silent.mapped());  // it does answer, when nobody cares any more
    }
  }

  void take(const sched::Decided& action) {
    note("decided: {} ({})", sched::code_of(action.what), action.detail);
    require(!drained_ || action.what == sched::Decision::Drained || action.what == sched::Decision::Silent ||
                action.what == sched::Decision::GivenUp || action.what == sched::Decision::Cancelled,
            "something is to be done again after the drain");
  }

  void take(const sched::RecordMemo& action) {
    require(action.result->exit_code == 0, "a failure is recorded");
    const auto known = memos_.find(action.thunk);
    require(known == memos_.end() || known->second.owes() || !action.result->owes() || losses_ > 0,
            "a final result is replaced by one that owes");
    require(known == memos_.end() || !(known->second == *action.result) || !weather_.calm(),
            "recorded twice");
    memos_.insert_or_assign(action.thunk, *action.result);
    if (!strikes(5)) {  // as if it could not be written
      acknowledgements_.push_back(action.node);
    }
  }

  void take(const sched::PassedOn& action) {
    note("a tail call of {} is passed on", action.thunk.to_string());
    require(action.result->owes(), "passed on without a tail call");
    require(weather_.forgets || losses_ > 0, "passed on where the chain is short");
  }

  void take(const sched::Finished& action) {
    const sched::Outcome outcome = reducer_.outcome(action.node);
    note("node {} is finished: {}", action.node, static_cast<int>(outcome.verdict));
    require(outcome.verdict != Verdict::None, "finished without a verdict");
    const auto [known, is_new] = answers_.emplace(reducer_.thunk(action.node), outcome);
    if (!is_new) {
      const sched::Outcome& before = known->second;
      // Asked for again, it may come too late, or to where no engine takes it: check_end() looks at that.
      const bool forgotten = weather_.forgets && before.verdict == Verdict::Succeeded &&
                             (outcome.verdict != Verdict::Succeeded || *before.result == *outcome.result);
      require(forgotten || before.verdict == Verdict::Cancelled, "finished twice");
      known->second = outcome;
    }
    if (outcome.verdict == Verdict::Succeeded) {
      require(memos_.count(reducer_.thunk(action.node)) != 0, "finished before it was recorded");
    }
  }

  void check_end() {
    for (NodeId node = 0; node < reducer_.size(); ++node) {
      if (!reducer_.has(node) || reducer_.state(node) == State::LetGo) {
        continue;
      }
      require(reducer_.state(node) == State::Finished,
              fmt::format("node {} hangs: {}", node, reducer_.why_waiting(node)));
      require(answers_.count(reducer_.thunk(node)) != 0, "finished in silence");
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
      for (const auto& [thunk, times] : substitutions_) {
        require(times == 1 || weather_.forgets, "a node is substituted twice");
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
        if (may_be_homeless(outcome)) {
          check_blame(node, outcome);
          return;
        }
        require(!truth.has_value(), fmt::format("node {} should have succeeded", node));
        require(memos_.count(reducer_.thunk(node)) == 0 || memos_.at(reducer_.thunk(node)).owes(),
                "a failure has a memo");
        check_blame(node, outcome);
        return;
      case Verdict::Stopped:
        require(weather_.stops || drained_, fmt::format("node {} is stopped, and nobody said so", node));
        check_blame(node, outcome);
        return;
      case Verdict::Cancelled:
        require(weather_.cancels, "cancelled by nobody");
        return;
      case Verdict::None:
        throw Wrong("no verdict");
    }
  }

  // No engine could take it, for a reason that there may be.
  [[nodiscard]] bool may_be_homeless(const sched::Outcome& outcome) const {
    const std::string& message = outcome.failure->error.message;
    const auto says = [&message](const char* words) { return message.find(words) != std::string::npos; };
    return says("no engine can take") &&
           ((weather_.bills && says("the budget of")) || (weather_.needs && says("it ")));
  }

  // Going from one to the one it failed because of ends at the root cause, which all of them name.
  void check_blame(NodeId node, const sched::Outcome& outcome) {
    require(outcome.failure != nullptr, "failed without a reason");
    if (outcome.failure->node == sched::kNoNode) {
      require(drained_, "stopped because of nobody");
      return;
    }
    require(reducer_.has(outcome.failure->node), "the root cause is forgotten");
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
    sched::Policy policy;
    policy.on_failure = sched::OnFailure::KeepGoing;
    Reducer again(policy);
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

  // After a drain a new run with the same memos comes to the true answers.
  void resume() {
    note("the run is resumed");
    Reducer again(sched::Policy{});
    again.set_engine(0, 2);
    for (const size_t thunk : asked_) {
      if (world_.truth(world_.name(thunk))) {
        (void)again.add(world_.name(thunk));
      }
    }
    std::vector<sched::Action> actions;
    for (again.take_actions(actions); !actions.empty(); again.take_actions(actions)) {
      for (const sched::Action& action : actions) {
        std::visit([&](const auto& one) { answer(again, one); }, action);
      }
    }
    for (NodeId node = 0; node < again.size(); ++node) {
      if (!again.has(node) || again.state(node) == State::LetGo) {
        continue;
      }
      require(again.outcome(node).verdict == Verdict::Succeeded, "a drained run cannot be resumed");
      require(*again.outcome(node).result == *world_.truth(again.thunk(node)), "resumed, it is another");
    }
  }

  void answer(Reducer& to, const sched::Open& action) {
    if (auto result = memo(action.thunk, action.use_memo)) {
      to.memo_found(action.ticket, std::move(*result));
    } else {
      to.opened(action.ticket, world_.promises(action.thunk));
    }
  }

  void answer(Reducer& to, const sched::Substitute& action) {
    const object::Digest name = world_.substitute(action.thunk, concrete(action.made));
    to.substituted(action.ticket, name, memo(name, action.use_memo));
  }

  void answer(Reducer& to, const sched::OpenResult& action) {
    to.result_opened(action.ticket, world_.promises(*action.result));
  }

  void answer(Reducer& to, const sched::SubstituteResult& action) {
    to.result_substituted(action.ticket, world_.substitute(*action.result, concrete(action.made)));
  }

  void answer(Reducer& to, const sched::Verify& action) {
    std::vector<NodeId> not_whole;
    for (const sched::Made& made : action.made) {
      if (!world_.is_whole(*made.result)) {
        not_whole.push_back(made.node);
      }
    }
    to.verified(action.ticket, not_whole);
  }

  void answer(Reducer& to, const sched::Execute& action) {
    const std::vector<object::Digest> gone = world_.lost_inputs(action.thunk);
    if (gone.empty()) {
      to.attempt_done(action.attempt, world_.execute(action.thunk));
    } else {
      to.attempt_done(action.attempt, tl::unexpected<sched::AttemptFailure>(
                                          sched::AttemptFailure(base::Error{"gone"}, gone)));
    }
  }

  void answer(Reducer& /*to*/, const sched::CancelAttempt& /*action*/) {}

  void answer(Reducer& /*to*/, const sched::Decided& /*action*/) {}

  void answer(Reducer& /*to*/, const sched::RecordMemo& action) {
    memos_.insert_or_assign(action.thunk, *action.result);
  }

  void answer(Reducer& /*to*/, const sched::PassedOn& /*action*/) {}

  void answer(Reducer& /*to*/, const sched::Finished& /*action*/) {}

  // What is in use on one engine.
  struct Busy {
    unsigned slots = 0;
    uint64_t cores = 0;
    uint64_t memory = 0;
  };

  Telling telling_;
  const Rule& rule_;
  Cuts cuts_;
  size_t strikes_ = 0;
  std::mt19937_64 random_;
  Weather weather_;
  World world_;
  size_t thunks_;
  sched::Policy policy_;
  Reducer reducer_;
  base::Nanoseconds now_{0};
  size_t kinds_ = 1;
  std::vector<sched::Capacity> capacities_;
  std::vector<Busy> busy_;
  std::map<sched::AttemptId, Busy> taken_;
  std::map<sched::AttemptId, std::function<void()>> unanswered_;
  std::map<NodeId, unsigned> silences_;
  std::map<NodeId, unsigned> duplicates_;
  uint64_t started_ = 0;
  uint64_t overcharged_ = 0;
  bool drained_ = false;
  std::vector<size_t> unasked_;
  std::vector<size_t> asked_;
  std::vector<std::function<void()>> pending_;
  std::map<sched::AttemptId, sched::Execute> attempts_;
  std::multiset<object::Digest> in_work_;
  std::map<object::Digest, ir::Result> memos_;
  std::map<object::Digest, unsigned> executions_;
  std::map<object::Digest, unsigned> substitutions_;
  std::map<NodeId, unsigned> hiccups_;
  std::map<NodeId, unsigned> crashes_;
  std::map<NodeId, unsigned> false_failures_;
  std::map<object::Digest, sched::Outcome> answers_;
  std::vector<NodeId> acknowledgements_;  // of memos that are recorded
  std::set<object::Digest> given_;        // thunks that the user's store holds whatever happens
  size_t steps_ = 0;
  unsigned losses_ = 0;
  unsigned cancels_ = 0;
  bool cancelled_ = false;
  std::vector<std::string> log_;
};

struct Told {
  std::optional<std::string> wrong;
  std::string story;
  size_t strikes = 0;
};

Told tell(uint64_t seed, const Rule& rule, const Cuts& cuts, History::Telling telling) {
  History history(seed, rule, cuts, telling);
  try {
    history.run();
    return {std::nullopt, {}, history.strikes()};
  } catch (const std::exception& wrong) {
    return {wrong.what(), history.story(), history.strikes()};
  }
}

}  // namespace

std::optional<std::string> run_history(uint64_t seed, const Rule& rule) {
  const Told told = tell(seed, rule, {}, History::Telling::Nothing);
  if (!told.wrong) {
    return std::nullopt;
  }
  const auto still_fails = [&](const std::set<size_t>& left_out) {
    return tell(seed, rule, Cuts(left_out), History::Telling::Nothing).wrong.has_value();
  };
  const Cuts cuts(superfluous(Cuts::count(told.strikes), still_fails));
  const Told least = tell(seed, rule, cuts, History::Telling::All);
  return fmt::format("GG_SEED={}: {}\nThe least history of it that goes wrong: {}\n{}", seed, *told.wrong,
                     least.wrong.value_or("not this time, so histories are not deterministic"), least.story);
}

}  // namespace fake
