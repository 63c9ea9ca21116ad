#include "sched/coordinator.hh"

#include "base/guarded.hh"
#include "sched/steps.hh"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sched {

base::Result<ir::Result> to_result(const Answer& answer) {
  if (answer.result && (answer.verdict == Verdict::Succeeded || answer.verdict == Verdict::Failed)) {
    return *answer.result;
  }
  return tl::unexpected<base::Error>(answer.error);
}

// All but `steps` and `progress` belongs to the loop thread; record() and answer() run on the pool.
struct Coordinator::Impl : std::enable_shared_from_this<Impl> {
  Impl(loop::Loop& its_loop, object::Store& store, object::Records& records, const base::Clock& its_clock,
       Observer& its_observer, std::vector<Place> its_places, const Policy& policy)
      : loop(its_loop),
        steps(store, records),
        clock(its_clock),
        observer(its_observer),
        places(std::move(its_places)),
        reducer(policy) {}

  // A thunk that is finished, for the observer.
  struct Told {
    object::Digest thunk;
    std::string label;
    Outcome outcome;
  };

  // What one round of actions leaves to the pool: memos first, then the observer is told, so that no journal
  // speaks of a result that a kill could still lose; then those who wait for them.
  struct Deliveries {
    std::vector<RecordMemo> memos;
    std::vector<Told> finished;
    std::vector<std::pair<std::vector<Done>, Answer>> answers;
  };

  struct Running {
    Observer::Attempt attempt;
    base::Nanoseconds started{0};
  };

  void submit(const object::Digest& thunk, const Request& request, Done done);
  void remake(const object::Digest& thunk, Done done);
  void hear(NodeId node, Done done);
  template <class Event>
  void event(const Event& feed);
  void work();
  void arm_timer();
  void attempt_done(AttemptId attempt, AttemptResult result, MicroDollars billed);
  void read_slots();
  void deliver();
  void record(const std::shared_ptr<const Deliveries>& all);
  static void answer(const Deliveries& deliveries);
  [[nodiscard]] Answer answer_for(NodeId node) const;

  // The work runs on the pool; what it returns goes to `then(reducer, value)` on the loop thread.
  template <class Work, class Then>
  void on_pool(Ticket ticket, Work work_on_pool, Then then);

  void act(const Open& action);
  void act(Substitute& action);
  void act(const OpenResult& action);
  void act(SubstituteResult& action);
  void act(Verify& action);
  void act(const Execute& action);
  void act(const CancelAttempt& action);
  void act(Decided& action);
  void act(RecordMemo& action);
  void act(const PassedOn& action);
  void act(const Finished& action);

  loop::Loop& loop;
  Steps steps;
  const base::Clock& clock;
  Observer& observer;
  std::vector<Place> places;
  Reducer reducer;
  std::unordered_map<NodeId, std::vector<Done>> listeners;
  std::unordered_map<AttemptId, Running> running;
  std::vector<Action> actions;
  Deliveries deliveries;
  std::unordered_set<object::Digest> recording;  // whose memos are being written
  bool working = false;
  loop::Loop::TimerId timer = 0;
  base::Nanoseconds timer_due{0};
  base::Guarded<Counters> progress;
};

Coordinator::Coordinator(loop::Loop& loop, object::Store& store, object::Records& records,
                         const base::Clock& clock, Observer& observer, std::vector<Place> places,
                         const Policy& policy)
    : impl_(std::make_shared<Impl>(loop, store, records, clock, observer, std::move(places), policy)) {
  impl_->read_slots();
}

Coordinator::~Coordinator() = default;

void Coordinator::submit(const object::Digest& thunk, const Request& request, Done done) {
  impl_->loop.post([impl = impl_, thunk, request, done = std::move(done)]() mutable {
    impl->submit(thunk, request, std::move(done));
  });
}

void Coordinator::remake(const object::Digest& thunk, Done done) {
  impl_->loop.post(
      [impl = impl_, thunk, done = std::move(done)]() mutable { impl->remake(thunk, std::move(done)); });
}

void Coordinator::hurry(const object::Digest& thunk) {
  impl_->loop.post([impl = impl_, thunk] {
    if (const auto node = impl->reducer.find(thunk)) {
      impl->event([&] { impl->reducer.hurry(*node); });
    }
  });
}

void Coordinator::cancel_all() {
  impl_->loop.post([impl = impl_] { impl->event([&] { impl->reducer.cancel_all(); }); });
}

void Coordinator::drain(const std::string& reason) {
  impl_->loop.post([impl = impl_, reason] { impl->event([&] { impl->reducer.drain(reason); }); });
}

void Coordinator::slots_changed(const Engine& /*engine*/) {
  impl_->loop.post([impl = impl_] { impl->event([&] { impl->read_slots(); }); });
}

std::optional<ir::Result> Coordinator::known(const object::Digest& thunk) {
  Steps::Expected<std::optional<ir::Result>> memo = impl_->steps.memo(thunk);
  if (!memo) {
    const std::string message =
        fmt::format("cannot look up thunk {}: {}", thunk.to_string(), memo.error().error.message);
    impl_->loop.post([impl = impl_, message] { impl->observer.trouble(message); });
    return std::nullopt;
  }
  return *memo && !(*memo)->owes() ? std::move(*memo) : std::nullopt;
}

Counters Coordinator::progress() const {
  return impl_->progress.with([](const Counters& counters) { return counters; });
}

void Coordinator::why_waiting(const object::Digest& thunk, std::function<void(std::string)> done) {
  impl_->loop.post([impl = impl_, thunk, done = std::move(done)] {
    const auto node = impl->reducer.find(thunk);
    done(node ? impl->reducer.why_waiting(*node) : std::string());
  });
}

void Coordinator::Impl::read_slots() {
  for (size_t at = 0; at < places.size(); ++at) {
    reducer.set_engine(static_cast<EngineId>(at), places[at].engine->capacity(), places[at].failure);
  }
}

void Coordinator::Impl::submit(const object::Digest& thunk, const Request& request, Done done) {
  event([&] { hear(reducer.add(thunk, request), std::move(done)); });
}

void Coordinator::Impl::remake(const object::Digest& thunk, Done done) {
  event([&] {
    const NodeId node = reducer.add(thunk);
    reducer.remake(node);
    hear(node, std::move(done));
  });
}

// The answer goes to `done`: later, or, if it is known, with this round.
void Coordinator::Impl::hear(NodeId node, Done done) {
  std::vector<Done>& all = listeners[node];
  all.push_back(std::move(done));
  if (reducer.state(node) == State::Finished) {
    deliveries.answers.emplace_back(std::exchange(all, {}), answer_for(node));
    listeners.erase(node);
  }
}

// Feeds the reducer and does what it wants. An engine that calls back while that is being done is fed, and
// the round goes on.
template <class Event>
void Coordinator::Impl::event(const Event& feed) {
  reducer.tick(clock.steady());
  feed();
  if (!std::exchange(working, true)) {
    work();
    working = false;
  }
}

void Coordinator::Impl::work() {
  while (true) {
    reducer.take_actions(actions);
    if (actions.empty()) {
      break;
    }
    std::vector<Action> round;
    std::swap(round, actions);
    for (Action& action : round) {
      std::visit([this](auto& one) { act(one); }, action);
    }
    std::swap(round, actions);  // its memory goes round, too
  }
  deliver();
  arm_timer();
  progress.with([this](Counters& counters) { counters = reducer.counters(); });
}

void Coordinator::Impl::arm_timer() {
  const auto next = reducer.next_tick();
  if (timer != 0 && next && timer_due <= *next) {
    return;  // one that comes too early finds nothing to do, and costs less than one that is set anew each
             // time
  }
  if (timer != 0) {
    loop.cancel(std::exchange(timer, 0));
  }
  if (next) {
    timer_due = *next;
    timer = loop.after(*next - clock.steady(), [impl = shared_from_this()] {
      impl->timer = 0;
      impl->event([] {});
    });
  }
}

// Two results of one thunk (what a tail call owes, then what it comes to) are not written at once: the first
// could come last. So all waits then, until that is done.
void Coordinator::Impl::deliver() {
  const bool any = !deliveries.memos.empty() || !deliveries.answers.empty() || !deliveries.finished.empty();
  if (!any || std::any_of(deliveries.memos.begin(), deliveries.memos.end(),
                          [this](const RecordMemo& memo) { return recording.count(memo.thunk) != 0; })) {
    return;
  }
  for (const RecordMemo& memo : deliveries.memos) {
    recording.insert(memo.thunk);
  }
  loop.on_pool([impl = shared_from_this(), all = std::make_shared<const Deliveries>(
                                               std::exchange(deliveries, {}))] { impl->record(all); });
}

void Coordinator::Impl::record(const std::shared_ptr<const Deliveries>& all) {
  if (all->memos.empty() && all->finished.empty()) {
    answer(*all);
    return;
  }
  std::vector<NodeId> recorded_of;
  for (const RecordMemo& memo : all->memos) {
    const base::Result<void> recorded = steps.record(memo.thunk, *memo.result);
    if (recorded) {
      recorded_of.push_back(memo.node);
    } else {
      // The result is right; it will only have to be worked out again another time.
      loop.post([impl = shared_from_this(), message = recorded.error().message] {
        impl->observer.trouble("cannot record a result: " + message);
      });
    }
  }
  loop.post([impl = shared_from_this(), all, recorded_of = std::move(recorded_of)] {
    for (const RecordMemo& memo : all->memos) {
      impl->recording.erase(memo.thunk);
    }
    for (const NodeId node : recorded_of) {
      impl->reducer.recorded(node);
    }
    for (const Told& told : all->finished) {
      impl->observer.finished(told.thunk, told.label, told.outcome);
    }
    impl->loop.on_pool([all] { answer(*all); });
    impl->deliver();
  });
}

void Coordinator::Impl::answer(const Deliveries& all) {
  for (const auto& [heard_by, answer] : all.answers) {
    for (const Done& done : heard_by) {
      done(answer);
    }
  }
}

Answer Coordinator::Impl::answer_for(NodeId node) const {
  const Outcome outcome = reducer.outcome(node);
  Answer answer{outcome.verdict, outcome.source, outcome.result, {}, {}, {}};
  if (outcome.verdict == Verdict::Succeeded) {
    return answer;
  }
  if (outcome.failure == nullptr) {
    answer.error = {fmt::format("{} was cancelled", reducer.describe(node)), base::FailureKind::RetryHere};
    return answer;
  }
  answer.result = outcome.failure->result;
  answer.error = outcome.failure->error;
  const NodeId cause = outcome.failure->node;
  if (cause == kNoNode) {
    answer.error.message =
        fmt::format("{} was not run: {}", reducer.describe(node), outcome.failure->error.message);
    return answer;
  }
  answer.cause = reducer.thunk(cause);
  answer.cause_label = reducer.label(cause);
  if (outcome.verdict == Verdict::DependencyFailed) {
    answer.error.message = fmt::format("{} was not run, because what it needs failed: {}",
                                       reducer.describe(node), outcome.failure->error.message);
  } else if (outcome.verdict == Verdict::Stopped) {
    answer.error.message = fmt::format("{} was not run, because another one failed before: {}",
                                       reducer.describe(node), outcome.failure->error.message);
  }
  return answer;
}

template <class Work, class Then>
void Coordinator::Impl::on_pool(Ticket ticket, Work work_on_pool, Then then) {
  loop.on_pool([impl = shared_from_this(), ticket, work_on_pool = std::move(work_on_pool), then] {
    auto value = std::make_shared<decltype(work_on_pool(impl->steps))>(work_on_pool(impl->steps));
    impl->loop.post([impl, ticket, value, then] {
      impl->event([&] {
        if (*value) {
          then(impl->reducer, std::move(**value));
        } else {
          impl->reducer.failed(ticket, std::move(value->error()));
        }
      });
    });
  });
}

void Coordinator::Impl::act(const Open& action) {
  on_pool(
      action.ticket, [action](Steps& with) { return with.open(action.thunk, action.use_memo); },
      [ticket = action.ticket](Reducer& to, Steps::Opened opened) {
        if (auto* result = std::get_if<ir::Result>(&opened)) {
          to.memo_found(ticket, std::move(*result));
        } else {
          to.opened(ticket, std::move(std::get<std::vector<object::Promise>>(opened)));
        }
      });
}

void Coordinator::Impl::act(Substitute& action) {
  on_pool(
      action.ticket,
      [what = std::make_shared<const Substitute>(std::move(action))](Steps& with) {
        return with.substitute(what->thunk, what->made, what->use_memo);
      },
      [ticket = action.ticket](Reducer& to, Steps::Substituted substituted) {
        to.substituted(ticket, substituted.concrete, std::move(substituted.memo));
      });
}

void Coordinator::Impl::act(const OpenResult& action) {
  on_pool(
      action.ticket, [result = action.result](Steps& with) { return with.promises_in(*result); },
      [ticket = action.ticket](Reducer& to, std::vector<object::Promise> promises) {
        to.result_opened(ticket, std::move(promises));
      });
}

void Coordinator::Impl::act(SubstituteResult& action) {
  on_pool(
      action.ticket,
      [what = std::make_shared<const SubstituteResult>(std::move(action))](Steps& with) {
        return with.substitute(*what->result, what->made);
      },
      [ticket = action.ticket](Reducer& to, ir::Result result) {
        to.result_substituted(ticket, std::move(result));
      });
}

void Coordinator::Impl::act(Verify& action) {
  on_pool(
      action.ticket,
      [what = std::make_shared<const Verify>(std::move(action))](Steps& with) {
        return with.not_whole(what->made);
      },
      [ticket = action.ticket](Reducer& to, const std::vector<NodeId>& not_whole) {
        to.verified(ticket, not_whole);
      });
}

void Coordinator::Impl::act(const Execute& action) {
  Engine& engine = *places[action.engine].engine;
  Hints hints = reducer.hints(action.node);
  Running job{{action.attempt, reducer.thunk(action.node), action.thunk, hints.label, engine.name(),
               action.number, action.waited, action.duplicate},
              clock.steady()};
  observer.started(job.attempt);
  running.emplace(action.attempt, std::move(job));
  engine.start({action.attempt, action.thunk, std::move(hints), action.path},
               [weak = weak_from_this()](AttemptId attempt, AttemptResult result, MicroDollars billed) {
                 if (const std::shared_ptr<Impl> impl = weak.lock()) {
                   impl->attempt_done(attempt, std::move(result), billed);
                 }
               });
}

void Coordinator::Impl::attempt_done(AttemptId attempt, AttemptResult result, MicroDollars billed) {
  if (const auto ended = running.extract(attempt)) {
    ended.mapped().attempt.billed = billed;
    observer.ended(ended.mapped().attempt, result, clock.steady() - ended.mapped().started);
  }
  event([&] { reducer.attempt_done(attempt, std::move(result), billed); });
}

void Coordinator::Impl::act(const CancelAttempt& action) {
  if (const auto ended = running.extract(action.attempt)) {
    ended.mapped().attempt.billed = action.most;
    observer.cancelled(ended.mapped().attempt, action.why, clock.steady() - ended.mapped().started);
  }
  places[action.engine].engine->cancel(action.attempt);
}

void Coordinator::Impl::act(Decided& action) {
  Observer::Deciding deciding{action.what, std::nullopt, "", std::move(action.detail), action.delay};
  if (action.node != kNoNode) {
    deciding.thunk = reducer.thunk(action.node);
    deciding.label = reducer.label(action.node);
  }
  observer.decided(deciding);
}

void Coordinator::Impl::act(RecordMemo& action) {
  deliveries.memos.push_back(std::move(action));
}

// To the observer it is finished: others see its tail call through.
void Coordinator::Impl::act(const PassedOn& action) {
  Outcome outcome;
  outcome.verdict = Verdict::Succeeded;
  outcome.source = action.source;
  outcome.result = action.result;
  deliveries.finished.push_back({action.thunk, {}, std::move(outcome)});
}

void Coordinator::Impl::act(const Finished& action) {
  if (reducer.state(action.node) != State::Finished) {
    return;  // it was asked for anew meanwhile
  }
  const Outcome outcome = reducer.outcome(action.node);
  if (deliveries.memos.empty() || outcome.verdict != Verdict::Succeeded) {
    observer.finished(reducer.thunk(action.node), reducer.label(action.node), outcome);
  } else {
    deliveries.finished.push_back({reducer.thunk(action.node), reducer.label(action.node), outcome});
  }
  const auto found = listeners.find(action.node);
  if (found != listeners.end()) {
    deliveries.answers.emplace_back(std::move(found->second), answer_for(action.node));
    listeners.erase(found);
  }
}

}  // namespace sched
