#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

// Slots, attempts, retries and losses.
namespace sched {

namespace {

constexpr unsigned kFruitlessLosses = 2;

uint64_t mixed(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

uint32_t bit(EngineId engine) {
  return uint32_t{1} << engine;
}

}  // namespace

void Reducer::set_engine(EngineId engine, unsigned slots, FailureIs failure) {
  places_.at(engine).slots = slots;
  places_.at(engine).failure = failure;
  places_end_ = std::max<EngineId>(places_end_, static_cast<EngineId>(engine + 1));
  start_ready();
}

// Is there an engine at work that has not refused it?
bool Reducer::elsewhere_than(uint32_t refused) const {
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    if (places_.at(engine).slots > 0 && (refused & bit(engine)) == 0) {
      return true;
    }
  }
  return false;
}

// Whoever was refused everywhere may try everywhere again (its back-off and its tries bound that).
bool Reducer::may_run(uint32_t refused, EngineId engine) const {
  return (refused & bit(engine)) == 0 || !elsewhere_than(refused);
}

void Reducer::push_ready(NodeId id) {
  const Node& node = nodes_[id];
  ready_.push({node.hurried, node.path, id, node.serial}, node.refused);
}

void Reducer::start_ready() {
  if (counters_.in(State::Ready) == 0) {
    return;
  }
  const auto counts = [this](const ReadyQueue::Entry& entry) {
    return nodes_[entry.node].serial == entry.serial;
  };
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    const Place& place = places_.at(engine);
    while (place.in_use < place.slots) {
      const auto best = ready_.take(counts, [&](uint32_t refused) { return may_run(refused, engine); });
      if (!best) {
        break;
      }
      start(best->node, engine);
    }
  }
}

void Reducer::start(NodeId id, EngineId engine) {
  Node& node = nodes_[id];
  const base::Nanoseconds waited = now_ - node.since;
  set_state(id, State::Running);
  ++node.attempts;
  ++counters_.attempts;
  ++places_.at(engine).in_use;
  const AttemptId attempt = next_attempt_++;
  attempts_.emplace(attempt, Attempt{id, engine});
  actions_.emplace_back(Execute{engine, attempt, id, node.concrete, node.attempts, waited});
}

void Reducer::attempt_done(AttemptId attempt, AttemptResult result) {
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end()) {
    ++counters_.late_answers;
    return;
  }
  const auto [id, engine] = found->second;
  attempts_.erase(found);
  --places_.at(engine).in_use;
  assert(nodes_[id].state == State::Running);
  if (!result) {
    attempt_failed(id, engine, std::move(result.error()));
  } else if (result->exit_code != 0) {
    command_failed(id, engine, std::move(*result));
  } else {
    carry_on(id, std::move(*result));
  }
  settle();
}

// The command ran and said no. Where that may be the place's fault it is asked once more, best elsewhere.
void Reducer::command_failed(NodeId id, EngineId engine, ir::Result result) {
  Node& node = nodes_[id];
  if (places_.at(engine).failure == FailureIs::Final || node.attempts >= policy_.max_attempts ||
      std::exchange(node.repeated, true)) {
    carry_on(id, std::move(result));
    return;
  }
  if (stopping()) {
    stop(id);  // it may be innocent
    return;
  }
  ++counters_.retries;
  node.refused |= bit(engine);
  enter(id, State::Ready);
}

void Reducer::attempt_failed(NodeId id, EngineId engine, AttemptFailure failure) {
  Node& node = nodes_[id];
  if (!failure.lost.empty()) {
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
      if (!elsewhere_than(node.refused) || std::exchange(node.repeated, true)) {
        fail(id, std::move(failure.error));
        return;
      }
      // What is wrong with us in one place may be right in another.
      retry(id, State::Ready, std::move(failure.error), true);
      return;
    case base::FailureKind::Deterministic:
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
  if (stopping()) {
    stop(id);
    return;
  }
  uint8_t& tries = elsewhere ? node.tries_elsewhere : node.tries_here;
  const unsigned limit = elsewhere ? policy_.tries_elsewhere : policy_.tries_here;
  ++tries;
  if (tries >= limit || node.attempts >= policy_.max_attempts) {
    const unsigned all = unsigned{node.tries_here} + node.tries_elsewhere;
    error.message = fmt::format("{} (given up after {} tries)", error.message, all);
    fail(id, std::move(error));
    return;
  }
  ++counters_.retries;
  if (elsewhere && elsewhere_than(node.refused)) {
    enter(id, step);
  } else {
    back_off(id, step, tries);
  }
}

// Doubles from try to try; the jitter (a half to one and a half) keeps a thousand that failed together from
// coming back together.
void Reducer::back_off(NodeId id, State step, unsigned tries) {
  Node& node = nodes_[id];
  const unsigned doublings = std::min(tries - 1, 20U);
  const auto plain = std::min(policy_.last_back_off.count(), policy_.first_back_off.count() << doublings);
  const uint64_t random = mixed(policy_.seed ^ mixed((uint64_t{id} << 32U) | node.serial));
  const double factor = 0.5 + static_cast<double>(random >> 11U) / static_cast<double>(uint64_t{1} << 53U);
  const base::Nanoseconds delay{static_cast<int64_t>(static_cast<double>(plain) * factor)};
  set_state(id, State::BackingOff);
  node.resume = step;
  due_.push({now_ + delay, id, node.serial});
}

void Reducer::tick(base::Nanoseconds now) {
  now_ = std::max(now_, now);
  bool any = false;
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
  return due_.empty() ? std::nullopt : std::optional<base::Nanoseconds>(due_.top().when);
}

// Objects are gone from the store. Who made them? Only the direct dependencies can have: if those lack inputs
// in turn, they will say so when they run.
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
  if (node.edge_count == 0 || node.losses > policy_.max_losses || node.attempts >= policy_.max_attempts) {
    give_up_lost(id, std::move(error));
    return;
  }
  if (!node.tail) {
    lead_away(id);
  }
  node.failure = std::make_shared<const Failure>(Failure{std::move(error), nullptr, id});
  enter(id, State::Verifying);
}

void Reducer::give_up_lost(NodeId id, base::Error error) {
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
    give_up_lost(id, loss->error);
  }
  settle();
}

// Cancels what runs for the node.
void Reducer::release_attempts(NodeId id) {
  if (nodes_[id].state != State::Running) {
    return;
  }
  for (auto at = attempts_.begin(); at != attempts_.end();) {
    if (at->second.node != id) {
      ++at;
      continue;
    }
    --places_.at(at->second.engine).in_use;
    actions_.emplace_back(CancelAttempt{at->second.engine, at->first});
    at = attempts_.erase(at);
  }
}

}  // namespace sched
