#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

// Edges, waiting, urgency and cycles. Nothing here recurses: what follows from a finished node is queued in
// `finished_` and done by settle().
namespace sched {

namespace {

constexpr uint32_t kNoLink = UINT32_MAX;

// A new promise closes a cycle only through a tail call, and those are short in practice; a longer one is
// found when everything else has come to rest.
constexpr int kShortCycleEdges = 64;

constexpr size_t kNamesInCycle = 8;

bool is_owing_directory(const object::Entry& entry) {
  const auto* directory = std::get_if<object::Subdirectory>(&entry);
  return directory != nullptr && directory->owes;
}

}  // namespace

// The node, in a waiting state already, holds these promises from now on.
void Reducer::await(NodeId id, std::vector<object::Promise> promises) {
  if (!std::is_sorted(promises.begin(), promises.end())) {
    std::sort(promises.begin(), promises.end());
  }
  const auto count = static_cast<uint32_t>(promises.size());
  const uint32_t first = take_edges(count);
  uint32_t at = first;
  for (const object::Promise& promise : promises) {
    put_edge(id, at++, promise);
  }
  drop_edges(id);
  nodes_[id].first_edge = first;
  nodes_[id].edge_count = count;
  wait_on_edges(id);
}

uint32_t Reducer::take_edges(uint32_t count) {
  const auto free = free_edges_.find(count);
  if (free == free_edges_.end()) {
    const auto first = static_cast<uint32_t>(edges_.size());
    edges_.resize(edges_.size() + count);
    return first;
  }
  const uint32_t first = free->second;
  if (edges_[first].to == kNoNode) {
    free_edges_.erase(free);
  } else {
    free->second = edges_[first].to;  // the next of the list
  }
  return first;
}

void Reducer::put_edge(NodeId from, uint32_t at, const object::Promise& promise) {
  const NodeId to = node_for(promise.thunk);
  edges_[at] = {to, intern(promise.output)};
  ++nodes_[to].holds;
  // Whose result mentions it has made it; a thunk that does may be older than the loss.
  if (nodes_[to].state == State::WaitingForParent && nodes_[from].tail) {
    reopen(to);
  }
}

// It waits for nothing of the graph any more.
void Reducer::stop_waiting(NodeId id) {
  drop_edges(id);
  chains_.erase(id);
}

void Reducer::drop_edges(NodeId id) {
  Node& node = nodes_[id];
  const uint32_t count = std::exchange(node.edge_count, 0);
  if (count == 0) {
    return;
  }
  for (uint32_t at = node.first_edge; at < node.first_edge + count; ++at) {
    release(edges_[at].to);
  }
  if (const auto chain = chains_.find(id); chain != chains_.end()) {
    for (const NodeId passed : std::exchange(chain->second.via, {})) {
      if (passed != kNoNode) {
        release(passed);
      }
    }
  }
  const auto [free, is_new] = free_edges_.try_emplace(count, kNoNode);
  edges_[node.first_edge].to = std::exchange(free->second, node.first_edge);
}

// Where the edges lead, each once.
std::vector<NodeId> Reducer::targets(NodeId id) const {
  const Node& node = nodes_[id];
  std::vector<NodeId> all;
  for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
    if (all.empty() || all.back() != edges_[at].to) {  // sorted, so outputs of the same thunk stand together
      all.push_back(edges_[at].to);
    }
  }
  return all;
}

// Waits for what is unfinished among the node's edges; goes on at once if nothing is.
void Reducer::wait_on_edges(NodeId id) {
  Node& node = nodes_[id];
  set_state(id, node.tail ? State::WaitingForTail : State::WaitingForInputs);
  node.missing = 0;
  if (follows_calls(id) && !follow_calls(id, {})) {
    return;
  }
  NodeId previous = kNoNode;
  for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
    const NodeId to = edges_[at].to;
    if (to != std::exchange(previous, to) && !wait_for(id, to)) {
      return;
    }
  }
  if (node.missing == 0) {
    advance(id);
  } else if (!find_short_cycle(id) && node.tail) {
    calling_.push_back(id);
  }
}

// Waits for this one unless it is finished. False: the node has failed.
bool Reducer::wait_for(NodeId id, NodeId to) {
  if (to == id) {
    fail_cycle({id});
    return false;
  }
  wake(to);
  Node& node = nodes_[id];
  Node& dependency = nodes_[to];
  if (dependency.state == State::Finished) {
    if (dependency.verdict != Verdict::Succeeded) {
      fail_because(id, to);
      return false;
    }
    return true;
  }
  ++node.missing;
  link(to, id);
  if (node.tail) {
    const unsigned depth = std::min(node.depth + 1U, policy_.kept_calls);
    dependency.depth = std::max(dependency.depth, static_cast<uint16_t>(depth));
  }
  urge({to, node.path + dependency.weight, node.hurried});
  return true;
}

// All that the node's edges lead to has succeeded.
void Reducer::advance(NodeId id) {
  if (!check_outputs_made(id)) {
    return;
  }
  Node& node = nodes_[id];
  if (node.tail && node.remaking && !node.checked_tail) {
    node.checked_tail = true;
    enter(id, State::Verifying);  // what is lost may be another's output that it passed on
    return;
  }
  if (!node.tail) {
    enter(id, State::Substituting);
    return;
  }
  const auto& outputs = node.result->outputs;
  if (std::any_of(outputs.begin(), outputs.end(),
                  [](const auto& output) { return is_owing_directory(output.second); })) {
    enter(id, State::SubstitutingResult);
  } else {
    rewrite_outputs(id);
  }
}

bool Reducer::check_outputs_made(NodeId id) {
  const Node& node = nodes_[id];
  for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
    const Edge& edge = edges_[at];
    const std::string& output = *outputs_[edge.output];
    if (nodes_[edge.to].result->outputs.count(output) == 0) {
      fail(id, base::Error{fmt::format("{} needs output '{}' of {}, which finished without making it",
                                       describe(id), output, describe(edge.to)),
                           base::FailureKind::Deterministic});
      return false;
    }
  }
  return true;
}

// What the node's edges lead to, each once; without a result where that is being made again.
std::vector<Made> Reducer::made_for(NodeId id) const {
  const Node& node = nodes_[id];
  std::vector<Made> made;
  for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
    const NodeId to = edges_[at].to;
    if ((made.empty() || made.back().node != to) && nodes_[to].result != nullptr) {
      made.push_back({nodes_[to].thunk, to, nodes_[to].result});
    }
  }
  return made;
}

void Reducer::link(NodeId to, NodeId waiter) {
  uint32_t at = free_link_;
  if (at == kNoLink) {
    at = static_cast<uint32_t>(links_.size());
    (void)links_.grow();
  } else {
    free_link_ = links_[at].next;
  }
  links_[at] = {waiter, nodes_[waiter].serial, nodes_[to].waiters};
  nodes_[to].waiters = at;
}

// The node is finished: whoever waits for it learns of it, once.
void Reducer::notify_waiters(NodeId id) {
  const Verdict verdict = nodes_[id].verdict;
  const bool has_failed = verdict == Verdict::Failed || verdict == Verdict::DependencyFailed;
  // One that ran and only then failed, with its tail call (a cycle), has made what it was to make.
  const bool has_made = verdict == Verdict::Succeeded || (has_failed && nodes_[id].tail && !stopping());
  uint32_t at = std::exchange(nodes_[id].waiters, kNoLink);
  while (at != kNoLink) {
    const Link link = links_[at];
    links_[at].next = std::exchange(free_link_, at);
    at = link.next;
    if (!is_fresh(link)) {
      continue;
    }
    Node& waiter = nodes_[link.waiter];
    if (waiter.state == State::Following) {
      adopt(link.waiter, id);
    } else if (waiter.state == State::WaitingForParent && has_made) {
      reopen(link.waiter);
    } else if (verdict != Verdict::Succeeded) {
      fail_because(link.waiter, id);
    } else if (--waiter.missing == 0) {
      wait_on_edges(link.waiter);  // looks again: something else may be being made anew meanwhile
    }
  }
}

// The node stops to stand for its concrete thunk; the first of its followers takes over, if it has any.
void Reducer::lead_away(NodeId id) {
  Node& node = nodes_[id];
  const bool had_concrete = node.has_concrete;
  node.has_concrete = false;
  if (!had_concrete || by_concrete_.find(node.concrete, concrete_of()) != id) {
    return;
  }
  NodeId heir = kNoNode;
  uint32_t at = std::exchange(node.waiters, kNoLink);
  while (at != kNoLink) {
    const Link old = links_[at];
    links_[at].next = std::exchange(free_link_, at);
    at = old.next;
    if (!is_fresh(old)) {
      continue;
    }
    if (nodes_[old.waiter].state != State::Following) {
      link(id, old.waiter);
    } else if (heir == kNoNode) {
      heir = old.waiter;
    } else {
      nodes_[old.waiter].because = heir;
      link(heir, old.waiter);
    }
  }
  if (heir == kNoNode) {
    by_concrete_.erase(node.concrete, concrete_of());
  } else {
    by_concrete_.put(node.concrete, heir, concrete_of());
    nodes_[heir].because = kNoNode;
    enter(heir, State::Ready);
  }
}

// Raises how urgent a node is, and through it what it waits for. A path must grow by half to count, so that a
// node is raised at most some fifty times however the graph grows.
void Reducer::urge(Urgency first) {
  urgent_.push_back(first);
  while (!urgent_.empty()) {
    const Urgency urgency = urgent_.back();
    urgent_.pop_back();
    Node& node = nodes_[urgency.node];
    const bool longer = urgency.path > node.path && urgency.path - node.path > node.path / 2;
    const bool newly_hurried = urgency.hurried && !node.hurried;
    if (node.state == State::Finished || !(longer || newly_hurried)) {
      continue;
    }
    node.path = longer ? urgency.path : node.path;
    node.hurried = node.hurried || newly_hurried;
    if (node.state == State::Ready) {
      push_ready(urgency.node);
    } else if (node.state == State::Following || node.state == State::WaitingForParent) {
      urgent_.push_back({node.because, node.path, node.hurried});
    } else if (node.state == State::WaitingForInputs || node.state == State::WaitingForTail) {
      for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
        const NodeId to = edges_[at].to;
        urgent_.push_back({to, node.path + nodes_[to].weight, node.hurried});
      }
    }
  }
}

// An unfinished node that this one waits for; none if it waits for nothing of the graph.
NodeId Reducer::blocker(NodeId id) const {
  const Node& node = nodes_[id];
  if (node.state == State::Following || node.state == State::WaitingForParent) {
    return node.because;
  }
  if (node.state != State::WaitingForInputs && node.state != State::WaitingForTail) {
    return kNoNode;
  }
  for (uint32_t at = node.first_edge; at < node.first_edge + node.edge_count; ++at) {
    if (nodes_[edges_[at].to].state != State::Finished) {
      return edges_[at].to;
    }
  }
  return kNoNode;
}

// Does the node now wait for itself? Looks at few edges only; then it has failed.
bool Reducer::find_short_cycle(NodeId id) {
  if (counters_.in(State::WaitingForTail) == 0) {
    return false;
  }

  struct Step {
    NodeId node;
    size_t from;
  };

  std::vector<Step> steps{{id, 0}};
  int budget = kShortCycleEdges;
  const auto closes_at = [&](size_t from, NodeId to) {
    if (to == id) {
      std::vector<NodeId> cycle;
      for (size_t at = from; at != 0; at = steps[at].from) {
        cycle.push_back(steps[at].node);
      }
      cycle.push_back(id);
      std::reverse(cycle.begin(), cycle.end());
      fail_cycle(cycle);
      return true;
    }
    if (nodes_[to].state != State::Finished) {
      steps.push_back({to, from});
    }
    return false;
  };
  for (size_t at = 0; at < steps.size(); ++at) {
    const Node& node = nodes_[steps[at].node];
    if (node.state == State::Following) {
      if (closes_at(at, node.because)) {
        return true;
      }
    } else if (node.state == State::WaitingForInputs || node.state == State::WaitingForTail) {
      for (uint32_t edge = 0; edge < node.edge_count; ++edge) {
        if (--budget < 0) {
          return false;
        }
        if (closes_at(at, edges_[node.first_edge + edge].to)) {
          return true;
        }
      }
    }
  }
  return false;
}

// Everything unfinished waits for something else unfinished, so going from one to the next comes round.
void Reducer::break_cycle() {
  while (is_at_rest(nodes_[first_unfinished_].state)) {
    ++first_unfinished_;
  }
  std::unordered_map<NodeId, size_t> seen;
  std::vector<NodeId> way;
  NodeId at = first_unfinished_;
  while (seen.try_emplace(at, way.size()).second) {
    way.push_back(at);
    at = blocker(at);
    assert(at != kNoNode);
  }
  const std::vector<NodeId> cycle(way.begin() + static_cast<std::ptrdiff_t>(seen.at(at)), way.end());
  const auto orphan = std::find_if(cycle.begin(), cycle.end(),
                                   [this](NodeId id) { return nodes_[id].state == State::WaitingForParent; });
  if (orphan == cycle.end()) {
    fail_cycle(cycle);
  } else {
    reopen(*orphan);  // its parent was no good
  }
}

void Reducer::fail_cycle(const std::vector<NodeId>& cycle) {
  std::string names;
  for (size_t at = 0; at < std::min(cycle.size(), kNamesInCycle); ++at) {
    names += describe(cycle[at]) + " -> ";
  }
  if (cycle.size() > kNamesInCycle) {
    names += fmt::format("({} more) -> ", cycle.size() - kNamesInCycle);
  }
  names += describe(cycle.front());
  const std::string message =
      cycle.size() == 1 ? fmt::format("{} needs its own output and can never finish", describe(cycle.front()))
                        : fmt::format("these thunks wait for one another and can never finish: {}", names);
  decided(Decision::Cycle, cycle.front(), message);
  fail(cycle.front(), base::Error{message, base::FailureKind::Deterministic});
}

// Does what follows from the latest event.
void Reducer::settle() {
  while (true) {
    while (!finished_.empty() || !calling_.empty()) {
      std::vector<NodeId>& queue = finished_.empty() ? calling_ : finished_;
      const NodeId id = queue.back();
      queue.pop_back();
      if (&queue == &finished_) {
        notify_waiters(id);
      } else {
        pass_on(id);
      }
    }
    const size_t waiting = counters_.in(State::WaitingForInputs) + counters_.in(State::WaitingForTail) +
                           counters_.in(State::Following) + counters_.in(State::WaitingForParent);
    if (std::exchange(stop_is_pending_, false)) {
      stop_all();
    } else if (waiting > 0 && waiting == unfinished()) {
      break_cycle();
    } else {
      start_ready();
      if (!fail_homeless()) {
        return;
      }
    }
  }
}

// Nothing new may start. Who follows a running twin still gets its answer.
void Reducer::stop_all() {
  const bool is_drained = stopped_by_->node == kNoNode;
  const bool may_end = is_drained || policy_.on_failure == OnFailure::FinishRunning;
  decided(is_drained ? Decision::Drained : Decision::Stopped, stopped_by_->node, stopped_by_->error.message);
  for (NodeId id = first_unfinished_; id < nodes_.size(); ++id) {
    const Node& node = nodes_[id];
    const bool stays =
        is_at_rest(node.state) || node.state == State::Following || (node.state == State::Running && may_end);
    if (stays) {
      continue;
    }
    release_attempts(id, Unwanted::Stopped);
    stop(id);
  }
}

}  // namespace sched
