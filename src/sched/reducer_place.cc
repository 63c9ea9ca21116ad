#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Which engine takes what: slots, cores and memory, what an engine can never take, and the budget.
namespace sched {

namespace {

// Jobs of more kinds than this are like nothing: a kind takes 1 KiB.
constexpr size_t kMostKinds = 200;

// Is there room for so much more? What does not say how much it has, has always; who needs more than there is
// gets all.
bool has_room_for(uint64_t needed, uint64_t in_use, uint64_t all) {
  return all == 0 || in_use + std::min(needed, all) <= all;
}

}  // namespace

void Reducer::set_engine(EngineId engine, const Capacity& capacity, FailureIs failure) {
  Place& place = places_.at(engine);
  place.capacity = capacity;
  place.failure = failure;
  places_end_ = std::max<EngineId>(places_end_, static_cast<EngineId>(engine + 1));
  for (Needs& needs : needs_) {
    needs.barred = barred_for(needs.hints);
  }
  settle();
}

void Reducer::set_engine(EngineId engine, unsigned slots, FailureIs failure) {
  Capacity capacity;
  capacity.name = fmt::format("engine {}", engine);
  capacity.slots = slots;
  set_engine(engine, capacity, failure);
}

// What was not known of the node until now. It may be ready already.
void Reducer::set_hints(NodeId id, const Hints& hints) {
  Node& node = nodes_[id];
  node.label = static_cast<uint32_t>(labels_.size());
  labels_.grow() = hints.label;
  Hints common = hints;
  common.label.clear();
  common.kind.clear();
  const auto [at, is_new] = needs_index_.try_emplace(common, static_cast<uint32_t>(needs_.size()));
  if (is_new) {
    needs_.push_back({common, barred_for(common)});
  }
  if (const auto known = kind_index_.find(hints.kind); known != kind_index_.end()) {
    node.kind = known->second;
  } else if (kinds_.size() < kMostKinds) {
    node.kind = static_cast<uint8_t>(kinds_.size());
    kind_index_.emplace(hints.kind, node.kind);
    kinds_.push_back({hints.kind, {}});
  }
  node.needs = at->second;
  if (node.state == State::Ready) {
    push_ready(id);
  }
}

Hints Reducer::hints(NodeId id) const {
  Hints hints = needs_[nodes_[id].needs].hints;
  hints.label = label(id);
  hints.kind = kinds_[nodes_[id].kind].name;
  return hints;
}

uint32_t Reducer::barred_for(const Hints& hints) const {
  uint32_t barred = 0;
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    barred |= refusal(hints, places_.at(engine).capacity).empty() ? 0 : bit(engine);
  }
  return barred;
}

base::Nanoseconds Reducer::time_limit(EngineId engine, uint32_t needs) const {
  const auto own = needs_[needs].hints.timeout;
  const auto of_engine = places_.at(engine).capacity.job_time;
  return own.count() != 0 ? own : of_engine.count() != 0 ? of_engine : policy_.longest_attempt;
}

MicroDollars Reducer::most_cost(EngineId engine, uint32_t needs) const {
  const Capacity& capacity = places_.at(engine).capacity;
  const auto limit = std::chrono::ceil<std::chrono::seconds>(time_limit(engine, needs));
  return capacity.per_job + capacity.per_second * static_cast<uint64_t>(limit.count());
}

// Maybe not now, for want of slots.
bool Reducer::can_ever_take(EngineId engine, uint32_t needs) const {
  return (needs_[needs].barred & bit(engine)) == 0 && budget_.can_ever(most_cost(engine, needs));
}

bool Reducer::has_room(EngineId engine, uint32_t needs) const {
  const Place& place = places_.at(engine);
  const Hints& hints = needs_[needs].hints;
  return place.in_use < place.capacity.slots &&
         has_room_for(hints.cores, place.cores_in_use, place.capacity.cores) &&
         has_room_for(hints.memory_bytes, place.memory_in_use, place.capacity.memory_bytes) &&
         budget_.can_now(most_cost(engine, needs));
}

// The engines at work that can take such a job, though maybe not now.
uint32_t Reducer::open_to(uint32_t needs) const {
  uint32_t open = 0;
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    open |= places_.at(engine).capacity.slots > 0 && can_ever_take(engine, needs) ? bit(engine) : 0;
  }
  return open;
}

// Is there an engine for it that has not refused it?
bool Reducer::elsewhere_than(uint32_t refused, uint32_t needs) const {
  return (open_to(needs) & ~refused) != 0;
}

// Whoever was refused everywhere may try everywhere again (its back-off and its tries bound that).
bool Reducer::may_run(ReadyQueue::Key key, EngineId engine) const {
  const uint32_t open = open_to(key.needs);
  const uint32_t left = open & ~key.refused;
  if (places_.at(engine).capacity.last_resort && (left & ~bit(engine)) != 0) {
    return false;
  }
  return (open & bit(engine)) != 0 && ((key.refused & bit(engine)) == 0 || left == 0);
}

ReadyQueue::Key Reducer::key_of(NodeId id) const {
  return {nodes_[id].refused, nodes_[id].needs};
}

void Reducer::push_ready(NodeId id) {
  const Node& node = nodes_[id];
  ready_.push({node.hurried, node.path, id, node.serial}, key_of(id));
}

// First what has not begun at all, then what straggles.
void Reducer::start_ready() {
  // Again while there are any: one that takes the last of the budget of one engine opens another engine to
  // those that this one had refused.
  bool any = true;
  while (std::exchange(any, false)) {
    for (EngineId engine = 0; engine < places_end_ && counters_.in(State::Ready) > 0; ++engine) {
      const Place& place = places_.at(engine);
      const auto takes = [&](ReadyQueue::Key key) {
        return has_room(engine, key.needs) && may_run(key, engine);
      };
      while (place.in_use < place.capacity.slots) {
        const auto best = ready_.take(still_ready(), takes);
        if (!best) {
          break;
        }
        start(best->node, engine);
        any = true;
      }
    }
    any = (!stragglers_.empty() && start_duplicates()) || any;
  }
}

// What no engine can ever take fails. Says whether there was any.
bool Reducer::fail_homeless() {
  if (counters_.in(State::Ready) == 0 || places_end_ == 0) {
    return false;
  }
  const auto is_homeless = [this](ReadyQueue::Key key) {
    for (EngineId engine = 0; engine < places_end_; ++engine) {
      if (can_ever_take(engine, key.needs)) {
        return false;
      }
    }
    return true;
  };
  const auto best = ready_.take(still_ready(), is_homeless);
  if (best) {
    std::string why = why_homeless(best->node);
    decided(open_but_for_budget(best->node) ? Decision::OverBudget : Decision::Homeless, best->node, why);
    fail(best->node, base::Error{std::move(why), base::FailureKind::RetryElsewhere});
  }
  return best.has_value();
}

// Is there an engine that only the budget keeps from taking it?
bool Reducer::open_but_for_budget(NodeId id) const {
  const uint32_t all = places_end_ == kMaxEngines ? ~uint32_t{0} : bit(places_end_) - 1;
  return (needs_[nodes_[id].needs].barred & all) != all;
}

std::string Reducer::why_homeless(NodeId id) const {
  const uint32_t needs = nodes_[id].needs;
  std::string reasons;
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    const Capacity& capacity = places_.at(engine).capacity;
    std::string reason = refusal(needs_[needs].hints, capacity);
    if (reason.empty()) {
      reason = budget_.refusal(most_cost(engine, needs));
    }
    reasons += fmt::format("{}{}: {}", engine == 0 ? "" : "; ", capacity.name, reason);
  }
  return fmt::format("no engine can take {}: {}", describe(id), reasons);
}

}  // namespace sched
