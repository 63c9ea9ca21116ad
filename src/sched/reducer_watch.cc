#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>

// Every wait for an engine is watched: what takes much longer than its like gets a second attempt beside it,
// what is never answered is given up. (The steps of the reduction itself run on this machine's own pool: one
// that hangs there hangs in the file system, and a second would, too.)
namespace sched {

// Sets when to look at the attempt again.
void Reducer::watch(AttemptId id, Attempt& attempt) {
  watches_.erase({attempt.look_at, id});
  attempt.look_at = attempt.silent_at;
  if (stragglers_.count(id) == 0) {
    attempt.look_at = std::min(attempt.look_at, straggles_at(attempt).value_or(attempt.silent_at));
  }
  watches_.emplace(attempt.look_at, id);
}

std::optional<base::Nanoseconds> Reducer::straggles_at(const Attempt& attempt) const {
  const Policy::Stragglers& policy = policy_.stragglers;
  const uint8_t kind = nodes_[attempt.node].kind;
  if (kind == 0 || policy.per_thunk == 0 || kinds_[kind].took.counted() < policy.samples) {
    return std::nullopt;
  }
  const base::Nanoseconds usual = kinds_[kind].took.percentile(policy.percentile);
  return attempt.started + std::max(policy.least, usual / 100 * policy.factor_percent);
}

// A command that ended well has taken so long.
void Reducer::learn(NodeId id, base::Nanoseconds took) {
  const uint8_t kind = nodes_[id].kind;
  kinds_[kind].took.count(took);
  if (kind == 0 || kinds_[kind].took.counted() != policy_.stragglers.samples) {
    return;
  }
  for (auto& [attempt, what] : attempts_) {  // only now is known what is usual
    if (nodes_[what.node].kind == kind) {
      watch(attempt, what);
    }
  }
}

void Reducer::look_at(AttemptId id) {
  const auto attempt = attempts_.find(id);
  if (attempt->second.silent_at <= now_) {
    give_up_silent(attempt);
    return;
  }
  // What is usual may have changed since the time was set.
  if (straggles_at(attempt->second).value_or(base::Nanoseconds::max()) <= now_) {
    stragglers_.insert(id);
  }
  watch(id, attempt->second);
}

void Reducer::give_up_silent(Attempts::iterator attempt) {
  const Attempt silent = attempt->second;
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now_ - silent.started);
  base::Error error{
      fmt::format("{} has not answered for {} s", places_.at(silent.engine).capacity.name, waited.count()),
      base::FailureKind::RetryElsewhere};
  ++counters_.silent;
  actions_.emplace_back(CancelAttempt{silent.engine, attempt->first, Unwanted::Silent, silent.most});
  decided(Decision::Silent, silent.node, error.message);
  end_attempt(attempt, silent.most);
  attempt_failed(silent.node, silent.engine, std::move(error));
}

// Says whether there were any.
bool Reducer::start_duplicates() {
  bool any = false;
  for (auto at = stragglers_.begin(); at != stragglers_.end() && !stopping() && duplicates_are_left();) {
    const Attempt& straggler = attempts_.at(*at);
    const auto engine = may_duplicate(straggler.node) ? place_beside(straggler) : std::nullopt;
    if (engine) {
      ++counters_.duplicates;
      ++nodes_[straggler.node].duplicates;
      const auto takes = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - straggler.started);
      decided(Decision::Duplicate, straggler.node,
              fmt::format("{} has been at it for {} ms", places_.at(straggler.engine).capacity.name,
                          takes.count()));
      launch(straggler.node, *engine, base::Nanoseconds(0), true);
      any = true;
    }
    at = engine || !may_duplicate(straggler.node) ? stragglers_.erase(at) : std::next(at);
  }
  return any;
}

bool Reducer::duplicates_are_left() const {
  const Policy::Stragglers& policy = policy_.stragglers;
  return counters_.duplicates <
         std::max<uint64_t>(policy.free, counters_.attempts * policy.share_percent / 100);
}

bool Reducer::may_duplicate(NodeId id) const {
  const Node& node = nodes_[id];
  return node.duplicates < policy_.stragglers.per_thunk && node.attempts < policy_.max_attempts;
}

// The engine with room for one more attempt: best one that has none yet. Never the same machine again.
std::optional<EngineId> Reducer::place_beside(const Attempt& straggler) const {
  const Node& node = nodes_[straggler.node];
  uint32_t tried = bit(straggler.engine);
  if (node.live > 1) {
    for (const auto& [id, attempt] : attempts_) {
      tried |= attempt.node == straggler.node ? bit(attempt.engine) : 0;
    }
  }
  std::optional<EngineId> second_best;
  for (EngineId engine = 0; engine < places_end_; ++engine) {
    if ((node.refused & bit(engine)) != 0 || !can_ever_take(engine, node.needs) ||
        !has_room(engine, node.needs) || places_.at(engine).capacity.last_resort) {
      continue;
    }
    if ((tried & bit(engine)) == 0) {
      return engine;
    }
    if (!second_best && !places_.at(engine).capacity.is_local) {
      second_best = engine;
    }
  }
  return second_best;
}

}  // namespace sched
