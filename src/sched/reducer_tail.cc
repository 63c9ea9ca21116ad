#include "sched/reducer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

// Tail calls. A caller whose outputs are those of its callee waits, once the callee comes to a tail call of
// its own, for that one instead, and the callee is let go if nobody else waits for it. The edge keeps hold of
// the last callee that was passed (`via`): should what that one made be lost, it is who makes it again.
//
// A cycle longer than what is kept is then no cycle of nodes: the caller comes by the same promise again and
// again. Brent's method finds that with one earlier result to compare with.
namespace sched {

namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool is_power_of_two(uint64_t value) {
  return (value & (value - 1)) == 0;
}

}  // namespace

// Does it pass on from callee to callee?
bool Reducer::follows_calls(NodeId id) const {
  const Node& node = nodes_[id];
  return node.state == State::WaitingForTail && node.direct && node.depth >= policy_.kept_calls;
}

// May the caller wait for what the callee owes instead of the callee? Only for all of it: should part of that
// fail, the callee fails as a whole.
bool Reducer::calls_on(NodeId caller, NodeId callee) const {
  const Node& called = nodes_[callee];
  const bool calls = called.state == State::WaitingForTail || called.state == State::LetGo;
  if (!calls || called.result == nullptr || !called.direct || caller == callee) {
    return false;
  }
  const auto& outputs = called.result->outputs;
  std::set<object::Promise> owed;
  for (const auto& [path, entry] : outputs) {
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      owed.insert(*promise);
    }
  }
  for (const auto& [path, entry] : nodes_[caller].result->outputs) {
    const auto* promise = std::get_if<object::Promise>(&entry);
    if (promise == nullptr || promise->thunk != called.thunk) {
      continue;
    }
    const auto found = outputs.find(promise->output);
    if (found == outputs.end()) {
      return false;
    }
    if (const auto* taken = std::get_if<object::Promise>(&found->second)) {
      owed.erase(*taken);
    }
  }
  return owed.empty();
}

// Goes on through callees that have come to tail calls, but for those in whose lists the node stands. False:
// it has failed.
bool Reducer::follow_calls(NodeId id, const std::vector<NodeId>& linked) {
  while (true) {
    const std::vector<NodeId> all = targets(id);
    const auto callee = std::find_if(all.begin(), all.end(),
                                     [&](NodeId to) { return !contains(linked, to) && calls_on(id, to); });
    if (callee == all.end()) {
      return true;
    }
    if (!follow_call(id, *callee)) {
      return false;
    }
  }
}

// What the callee owes, the caller owes from now on.
bool Reducer::follow_call(NodeId id, NodeId callee) {
  const std::shared_ptr<const ir::Result> called = nodes_[callee].result;
  const object::Digest name = nodes_[callee].thunk;
  ir::Result next = *nodes_[id].result;
  Chain& chain = chains_[id];
  std::map<object::Promise, NodeId> promises;  // and via whom they came
  for (auto& [path, entry] : next.outputs) {
    const auto* promise = std::get_if<object::Promise>(&entry);
    if (promise == nullptr || promise->thunk != name) {
      continue;
    }
    entry = object::Entry(called->outputs.at(promise->output));
    if (chain.past != nullptr && std::holds_alternative<object::Promise>(entry) &&
        chain.past->outputs.at(path) == entry) {
      fail(id,
           base::Error{fmt::format("{} can never finish: after {} tail calls they come round, by way of {}",
                                   describe(id), chain.calls, describe(callee)),
                       base::FailureKind::Deterministic});
      return false;
    }
    if (const auto* owed = std::get_if<object::Promise>(&entry)) {
      promises.emplace(*owed, callee);
    }
  }
  for (const auto& [path, entry] : next.outputs) {
    if (const auto* owed = std::get_if<object::Promise>(&entry)) {
      promises.emplace(*owed, kNoNode);
    }
  }
  Node& node = nodes_[id];
  node.result = std::make_shared<const ir::Result>(std::move(next));
  node.checked_tail = false;
  if (is_power_of_two(++chain.calls)) {
    chain.past = node.result;
  }
  std::vector<NodeId> via;
  const auto count = static_cast<uint32_t>(promises.size());
  const uint32_t first = take_edges(count);
  for (const auto& [promise, passed] : promises) {
    const auto at = first + static_cast<uint32_t>(via.size());
    put_edge(id, at, promise);
    const Edge edge = edges_[at];
    via.push_back(passed);
    for (uint32_t old = 0; passed == kNoNode && old < node.edge_count; ++old) {
      const Edge& before = edges_[node.first_edge + old];
      via.back() = before.to == edge.to && before.output == edge.output ? this->via(id, old) : via.back();
    }
    if (via.back() != kNoNode) {
      ++nodes_[via.back()].holds;
    }
  }
  drop_edges(id);
  node.first_edge = first;
  node.edge_count = count;
  chains_[id].via = std::move(via);
  return true;
}

// The callee that was passed last on the way to where this edge of the node leads.
NodeId Reducer::via(NodeId id, uint32_t edge) const {
  const auto chain = chains_.find(id);
  return chain == chains_.end() || edge >= chain->second.via.size() ? kNoNode : chain->second.via[edge];
}

// The node has just come to a tail call. Callers go on to what it calls; who lost what it made gets it again.
void Reducer::pass_on(NodeId callee) {
  if (nodes_[callee].state != State::WaitingForTail) {
    return;
  }
  bool has_passed = false;
  uint32_t at = std::exchange(nodes_[callee].waiters, UINT32_MAX);
  while (at != UINT32_MAX) {
    const Link old = links_[at];
    links_[at].next = std::exchange(free_link_, at);
    at = old.next;
    if (!is_fresh(old)) {
      continue;
    }
    if (nodes_[old.waiter].state == State::WaitingForParent) {
      reopen(old.waiter);
      has_passed = true;
    } else if (follows_calls(old.waiter) && calls_on(old.waiter, callee)) {
      std::vector<NodeId> linked = targets(old.waiter);
      linked.erase(std::remove(linked.begin(), linked.end(), callee), linked.end());
      --nodes_[old.waiter].missing;
      if (follow_calls(old.waiter, linked)) {
        wait_for_new(old.waiter, linked);
      }
      has_passed = true;
    } else {
      link(callee, old.waiter);
    }
  }
  const Node& node = nodes_[callee];
  if (has_passed && node.state == State::WaitingForTail && !is_wanted(callee)) {
    count(node.source);
    actions_.emplace_back(PassedOn{node.thunk, node.source, node.result});
    let_go(callee);
  }
}

// Waits for what is new among the targets, too.
void Reducer::wait_for_new(NodeId id, const std::vector<NodeId>& linked) {
  for (const NodeId to : targets(id)) {
    if (!contains(linked, to) && !wait_for(id, to)) {
      return;
    }
  }
  if (nodes_[id].missing == 0) {
    wait_on_edges(id);
  } else {
    (void)find_short_cycle(id);
  }
}

}  // namespace sched
