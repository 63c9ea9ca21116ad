#include "sched/reducer.hh"

#include <algorithm>
#include <utility>

// What need not be known any more. A node is forgotten when nobody asked for it, no edge leads to it, and all
// that is known of it is in the memos; even then only after two more rounds of actions, since those that are
// under way may speak of it, and when every look-up is over that began before its memo was there: it would
// find neither node nor memo, and the thunk would run twice.
namespace sched {

NodeId Reducer::fresh_node() {
  NodeId id = static_cast<NodeId>(nodes_.size());
  if (free_nodes_.empty()) {
    (void)nodes_.grow();
  } else {
    id = free_nodes_.back();
    free_nodes_.pop_back();
    const uint32_t serial = nodes_[id].serial;  // goes on: links and tickets of the node before stay stale
    nodes_[id] = Node{};
    nodes_[id].serial = serial;
  }
  first_unfinished_ = std::min(first_unfinished_, id);
  return id;
}

// Does anybody wait for it?
bool Reducer::is_wanted(NodeId id) const {
  bool wanted = nodes_[id].asked;
  for (uint32_t at = nodes_[id].waiters; !wanted && at != UINT32_MAX; at = links_[at].next) {
    wanted = is_fresh(links_[at]);
  }
  return wanted;
}

// Nobody waits for it: it waits for nothing, either.
void Reducer::let_go(NodeId id) {
  stop_waiting(id);
  nodes_[id].failure = nullptr;
  set_state(id, State::LetGo);
  retire(id);
}

// It is wanted: if it was let go, it goes on.
void Reducer::wake(NodeId id) {
  if (nodes_[id].state != State::LetGo) {
    return;
  }
  first_unfinished_ = std::min(first_unfinished_, id);
  if (stopping()) {
    stop(id);
  } else if (nodes_[id].result == nullptr) {
    restart(id);
  } else {
    nodes_[id].source = Source::MemoConcrete;
    enter(id, State::OpeningResult);
  }
}

void Reducer::recorded(NodeId id) {
  --nodes_[id].unrecorded;
  retire(id);
}

bool Reducer::may_be_forgotten(NodeId id) const {
  const Node& node = nodes_[id];
  return node.holds == 0 && !node.asked && node.unrecorded == 0 &&
         (node.state == State::LetGo || node.verdict == Verdict::Succeeded);
}

void Reducer::retire(NodeId id) {
  if (may_be_forgotten(id) && !nodes_[id].idle) {
    nodes_[id].idle = true;
    idle_.push_back({id, period_});
  }
}

void Reducer::release(NodeId id) {
  if (--nodes_[id].holds == 0) {
    retire(id);
  }
}

void Reducer::forget_idle() {
  if (look_ups_.at((period_ + 1) % 2) == 0) {
    ++period_;
  }
  while (idle_.size() > policy_.kept_thunks && idle_.front().period + 2 <= period_) {
    const NodeId id = idle_.front().node;
    idle_.pop_front();
    nodes_[id].idle = false;
    if (may_be_forgotten(id)) {
      forget(id);
    }
  }
}

void Reducer::forget(NodeId id) {
  lead_away(id);
  Node& node = nodes_[id];
  for (uint32_t at = std::exchange(node.waiters, UINT32_MAX); at != UINT32_MAX;) {
    const uint32_t next = links_[at].next;  // stale ones are all that is left
    links_[at].next = std::exchange(free_link_, at);
    at = next;
  }
  by_thunk_.erase(node.thunk, thunk_of());
  --counters_.states[static_cast<size_t>(node.state)];
  ++counters_.forgotten;
  ++node.serial;
  node.result = nullptr;
  node.state = State::Finished;
  node.forgotten = true;
  free_nodes_.push_back(id);
}

}  // namespace sched
