#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

// Attempts, retries and losses.
namespace sched {

namespace {

constexpr unsigned kFruitlessLosses = 2;

uint64_t mixed(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

void Reducer::start(NodeId id, EngineId engine) {
  const base::Nanoseconds waited = now_ - nodes_[id].since;
  set_state(id, State::Running);
  launch(id, engine, waited, false);
}

// One more attempt for a node that is running.
void Reducer::launch(NodeId id, EngineId engine, base::Nanoseconds waited, bool duplicate) {
  Node& node = nodes_[id];
  ++node.attempts;
  ++node.live;
  ++counters_.attempts;
  Place& place = places_.at(engine);
  const Hints& hints = needs_[node.needs].hints;
  ++place.in_use;
  Attempt attempt{id, engine};
  attempt.cores = std::min(hints.cores, place.capacity.cores);
  attempt.memory = std::min(hints.memory_bytes, place.capacity.memory_bytes);
  place.cores_in_use += attempt.cores;
  place.memory_in_use += attempt.memory;
  attempt.most = most_cost(engine, node.needs);
  budget_.set_aside(attempt.most);
  attempt.started = now_;
  attempt.silent_at = now_ + time_limit(engine, node.needs) + policy_.grace;
  const AttemptId name = next_attempt_++;
  watch(name, attempts_.emplace(name, attempt).first->second);
  actions_.emplace_back(
      Execute{engine, name, id, node.concrete, node.attempts, waited, duplicate, node.path});
}

// It holds nothing any more.
void Reducer::end_attempt(Attempts::iterator attempt, MicroDollars cost) {
  const Attempt& ended = attempt->second;
  --nodes_[ended.node].live;
  Place& place = places_.at(ended.engine);
  --place.in_use;
  place.cores_in_use -= ended.cores;
  place.memory_in_use -= ended.memory;
  budget_.settle(ended.most, cost);
  counters_.billed = budget_.spent();
  watches_.erase({ended.look_at, attempt->first});
  stragglers_.erase(attempt->first);
  attempts_.erase(attempt);
}

void Reducer::attempt_done(AttemptId name, AttemptResult result, MicroDollars cost) {
  const auto found = attempts_.find(name);
  if (found == attempts_.end()) {
    ++counters_.late_answers;
    return;
  }
  const Attempt attempt = found->second;
  const NodeId id = attempt.node;
  end_attempt(found, cost);
  assert(nodes_[id].state == State::Running);
  if (!result) {
    attempt_failed(id, attempt.engine, std::move(result.error()));
  } else if (result->exit_code != 0) {
    command_failed(id, attempt.engine, std::move(*result));
  } else {
    learn(id, now_ - attempt.started);
    release_attempts(id);
    carry_on(id, std::move(*result));
  }
  settle();
}

// The command ran and said no. Where that may be the place's fault it is asked once more, best elsewhere.
void Reducer::command_failed(NodeId id, EngineId engine, ir::Result result) {
  Node& node = nodes_[id];
  const bool final = places_.at(engine).failure == FailureIs::Final;
  const bool believed = final || node.repeated;
  node.repeated = true;
  if (!believed && node.live > 0) {
    node.refused |= bit(engine);  // the attempt beside it is the repetition
    return;
  }
  if (believed || node.attempts >= policy_.max_attempts) {
    release_attempts(id);
    carry_on(id, std::move(result));
    return;
  }
  if (stopping()) {
    stop(id);  // it may be innocent
    return;
  }
  ++counters_.retries;
  node.refused |= bit(engine);
  decided(Decision::Repeated, id,
          fmt::format("exit {} on {}", result.exit_code, places_.at(engine).capacity.name));
  enter(id, State::Ready);
}

void Reducer::attempt_failed(NodeId id, EngineId engine, AttemptFailure failure) {
  Node& node = nodes_[id];
  if (!failure.lost.empty()) {
    release_attempts(id);
    lost(id, std::move(failure));
    return;
  }
  switch (failure.error.kind) {
    case base::FailureKind::RetryHere:
      retry(id, State::Ready, std::move(failure.error), false);
      return;
    case base::FailureKind::RetryElsewhere:
      node.refused |= bit(engine);
      retry(id, State::Ready, std::move(failure.error), true);
      return;
    case base::FailureKind::Ours:
      node.refused |= bit(engine);
      if (node.repeated || (node.live == 0 && !elsewhere_than(node.refused, node.needs))) {
        release_attempts(id);
        fail(id, std::move(failure.error));
        return;
      }
      node.repeated = true;
      // What is wrong with us in one place may be right in another.
      retry(id, State::Ready, std::move(failure.error), true);
      return;
    case base::FailureKind::Deterministic:
      release_attempts(id);
      fail(id, std::move(failure.error));
      return;
  }
}

// A step could not be done.
void Reducer::failed(Ticket ticket, AttemptFailure failure) {
  if (ticket.node >= nodes_.size() || nodes_[ticket.node].serial != ticket.serial) {
    ++counters_.late_answers;
    return;
  }
  const NodeId id = ticket.node;
  const State step = nodes_[id].state;
  assert(step != State::Running && step != State::Finished);
  const base::FailureKind kind = failure.error.kind;
  if (!failure.lost.empty()) {
    lost(id, std::move(failure));
  } else if (kind == base::FailureKind::RetryHere || kind == base::FailureKind::RetryElsewhere) {
    retry(id, step, std::move(failure.error), false);  // this machine's own work has no other place
  } else {
    fail(id, std::move(failure.error));
  }
  settle();
}

void Reducer::retry(NodeId id, State step, base::Error error, bool elsewhere) {
  Node& node = nodes_[id];
  uint8_t& tries = elsewhere ? node.tries_elsewhere : node.tries_here;
  const unsigned limit = elsewhere ? policy_.tries_elsewhere : policy_.tries_here;
  ++tries;
  if (node.live > 0) {
    return;  // the attempt beside it decides
  }
  if (stopping()) {
    stop(id);
    return;
  }
  if (tries >= limit || node.attempts >= policy_.max_attempts) {
    const unsigned all = unsigned{node.tries_here} + node.tries_elsewhere;
    error.message = fmt::format("{} (given up after {} tries)", error.message, all);
    decided(Decision::GivenUp, id, error.message);
    fail(id, std::move(error));
    return;
  }
  ++counters_.retries;
  if (elsewhere && elsewhere_than(node.refused, node.needs)) {
    decided(Decision::Elsewhere, id, std::move(error.message));
    enter(id, step);
  } else {
    back_off(id, step, tries, std::move(error.message));
  }
}

// Doubles from try to try; the jitter (a half to one and a half) keeps a thousand that failed together from
// coming back together.
void Reducer::back_off(NodeId id, State step, unsigned tries, std::string why) {
  Node& node = nodes_[id];
  const unsigned doublings = std::min(tries - 1, 20U);
  const auto plain = std::min(policy_.last_back_off.count(), policy_.first_back_off.count() << doublings);
  const uint64_t random = mixed(policy_.seed ^ mixed((uint64_t{id} << 32U) | node.serial));
  const double factor = 0.5 + static_cast<double>(random >> 11U) / static_cast<double>(uint64_t{1} << 53U);
  const base::Nanoseconds delay{static_cast<int64_t>(static_cast<double>(plain) * factor)};
  decided(Decision::BackOff, id, std::move(why), delay);
  set_state(id, State::BackingOff);
  node.resume = step;
  due_.push({now_ + delay, id, node.serial});
}

void Reducer::tick(base::Nanoseconds now) {
  now_ = std::max(now_, now);
  bool any = false;
  while (!watches_.empty() && watches_.begin()->first <= now_) {
    look_at(watches_.begin()->second);
    any = true;
  }
  while (!due_.empty() && due_.top().when <= now_) {
    const Due due = due_.top();
    due_.pop();
    if (nodes_[due.node].serial == due.serial) {
      resume(due.node);
      any = true;
    }
  }
  if (any) {
    settle();
  }
}

void Reducer::resume(NodeId id) {
  const State step = nodes_[id].resume;
  if (step == State::Substituting || step == State::SubstitutingResult) {
    wait_on_edges(id);  // some of what it needs may be being made again by now
  } else {
    enter(id, step);
  }
}

std::optional<base::Nanoseconds> Reducer::next_tick() const {
  if (due_.empty() && watches_.empty()) {
    return std::nullopt;
  }
  return std::min(due_.empty() ? base::Nanoseconds::max() : due_.top().when,
                  watches_.empty() ? base::Nanoseconds::max() : watches_.begin()->first);
}

// Objects are gone from the store. Who made them? Only the direct dependencies can have: if those lack inputs
// in turn, they will say so when they run. If it is none of them, whoever made the thunk itself did.
void Reducer::lost(NodeId id, AttemptFailure failure) {
  Node& node = nodes_[id];
  if (stopping()) {
    stop(id);
    return;
  }
  base::Error error{
      fmt::format("the store has lost object {}{}, which {} needs ({})", failure.lost.front().to_string(),
                  failure.lost.size() > 1 ? fmt::format(" and {} more", failure.lost.size() - 1) : "",
                  describe(id), failure.error.message),
      base::FailureKind::Deterministic};
  if (node.state == State::OpeningResult && node.remakes < policy_.max_losses) {
    make_again(id);  // it is the node's own output
    return;
  }
  ++node.losses;
  if (node.losses > policy_.max_losses || node.attempts >= policy_.max_attempts) {
    give_up_lost(id, std::move(error));
    return;
  }
  const auto& all = failure.lost;
  if (node.edge_count == 0 || std::find(all.begin(), all.end(), node.thunk) != all.end()) {
    orphan(id, std::move(error));
    return;
  }
  if (!node.tail) {
    lead_away(id);
  }
  node.failure = std::make_shared<const Failure>(Failure{std::move(error), nullptr, id});
  enter(id, State::Verifying);
}

// The thunk, or what came with it, is gone: it has to be made again by whoever returned the promise of it.
void Reducer::orphan(NodeId id, base::Error error) {
  lead_away(id);  // those that follow it have thunks of their own
  const NodeId parent = parent_of(id);
  if (parent == kNoNode) {
    give_up_lost(id, std::move(error));
    return;
  }
  stop_waiting(id);
  Node& node = nodes_[id];
  node.result = nullptr;
  node.tail = false;
  set_state(id, State::WaitingForParent);
  node.because = parent;
  link(parent, id);
  const State state = nodes_[parent].state;
  if (state == State::WaitingForTail || is_at_rest(state)) {
    make_again(parent);
  }
  urge({parent, node.path, node.hurried});
}

// The nearest of those who wait for the thunk, directly or not, whose own result leads to it: that one put it
// into the store.
NodeId Reducer::parent_of(NodeId id) const {
  const auto can_make = [this](NodeId maker) {
    const Node& node = nodes_[maker];
    const bool has_made = node.state == State::WaitingForTail || node.state == State::LetGo ||
                          node.verdict == Verdict::Succeeded;
    return node.remakes < policy_.max_losses && (has_made || node.remaking) &&
           node.state != State::WaitingForParent;
  };
  NodeId parent = kNoNode;
  each_waiter(id, [&](NodeId waiter, NodeId child) {
    const Node& node = nodes_[waiter];
    if (node.state != State::WaitingForTail) {
      return true;
    }
    for (uint32_t edge = 0; edge < node.edge_count; ++edge) {
      const NodeId passed = via(waiter, edge);
      if (edges_[node.first_edge + edge].to == child && passed != kNoNode && passed != id &&
          can_make(passed)) {
        parent = passed;
        return false;
      }
    }
    parent = can_make(waiter) ? waiter : kNoNode;
    return parent == kNoNode;
  });
  return parent;
}

// Visits all that wait for the node, directly or not, each once and the nearest first, with the one it was
// come by from; until a visit says false.
void Reducer::each_waiter(NodeId id, const std::function<bool(NodeId waiter, NodeId child)>& visit) const {
  std::vector<NodeId> way{id};
  std::unordered_set<NodeId> seen{id};
  for (size_t step = 0; step < way.size(); ++step) {
    const NodeId child = way[step];
    for (uint32_t at = nodes_[child].waiters; at != UINT32_MAX; at = links_[at].next) {
      const NodeId waiter = links_[at].waiter;
      if (!is_fresh(links_[at]) || !seen.insert(waiter).second) {
        continue;
      }
      if (!visit(waiter, child)) {
        return;
      }
      way.push_back(waiter);
    }
  }
}

// Its parent has made something, or has failed to: what is there now?
void Reducer::reopen(NodeId id) {
  const uint8_t losses = nodes_[id].losses;
  restart(id);
  nodes_[id].losses = losses;
}

// Nothing makes it any more. What nobody asks for has not failed by that: a later result may bring it again.
void Reducer::give_up_lost(NodeId id, base::Error error) {
  bool asked = nodes_[id].asked;
  std::vector<NodeId> waiters;
  each_waiter(id, [&](NodeId waiter, NodeId /*child*/) {
    asked = asked || nodes_[waiter].asked;
    waiters.push_back(waiter);
    return !asked;
  });
  if (!asked) {
    for (const NodeId waiter : waiters) {
      let_go(waiter);
    }
    lead_away(id);
    nodes_[id].result = nullptr;
    let_go(id);
    return;
  }
  error.message += "; nothing known makes it again: put it into the store, or run again what made this thunk";
  fail(id, std::move(error));
}

void Reducer::verified(Ticket ticket, const std::vector<NodeId>& not_whole) {
  Node* node = claim(ticket, State::Verifying);
  if (node == nullptr) {
    return;
  }
  const NodeId id = ticket.node;
  const std::shared_ptr<const Failure> loss = std::exchange(node->failure, nullptr);
  bool hope = false;
  for (const NodeId maker : not_whole) {
    const Node& dependency = nodes_[maker];
    if (dependency.verdict == Verdict::Succeeded && dependency.remakes < policy_.max_losses) {
      make_again(maker);
    }
    hope = hope || dependency.state != State::Finished;
  }
  if (hope || loss == nullptr || node->fruitless++ < kFruitlessLosses) {
    // Without a maker it may be what substitution itself had stored, or be there again: that is done anew.
    wait_on_edges(id);
  } else if (node->tail && node->remakes < policy_.max_losses) {
    make_again(id);
  } else {
    orphan(id, loss->error);
  }
  settle();
}

// Cancels what runs for the node.
void Reducer::release_attempts(NodeId id, Unwanted why) {
  for (auto at = attempts_.begin(); nodes_[id].live > 0;) {
    const auto attempt = at++;
    if (attempt->second.node == id) {
      actions_.emplace_back(CancelAttempt{attempt->second.engine, attempt->first, why, attempt->second.most});
      end_attempt(attempt, attempt->second.most);
    }
  }
}

}  // namespace sched
