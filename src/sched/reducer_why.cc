#include "sched/reducer.hh"

#include <fmt/format.h>

#include <utility>

// What a person, or a test, may ask of the reducer's inside.
namespace sched {

std::string Reducer::describe(NodeId id) const {
  const std::string& label = hints(id).label;
  const std::string name = "thunk " + nodes_[id].thunk.to_string();
  return label.empty() ? name : fmt::format("{} ({})", label, name);
}

std::string Reducer::why_waiting(NodeId id) const {
  const Node& node = nodes_[id];
  switch (node.state) {
    case State::Opening:
      return "its memo and its tree are being read";
    case State::WaitingForInputs:
      return fmt::format("{} of the thunks that make its inputs are unfinished, such as {}", node.missing,
                         describe(blocker(id)));
    case State::Substituting:
      return "its promises are being replaced by what they have become";
    case State::Following:
      return fmt::format("{} is the same once promises are substituted, and goes first",
                         describe(node.because));
    case State::Ready:
      return elsewhere_than(0, node.needs) ? "every slot that it may take is in use"
                                           : "no engine takes such jobs now";
    case State::BackingOff:
      return "a try has failed; the next one is due soon";
    case State::Running:
      return "it is running";
    case State::OpeningResult:
      return "the directories it made are being read for promises";
    case State::WaitingForTail:
      return fmt::format("{} of the thunks that its result stands on are unfinished, such as {}",
                         node.missing, describe(blocker(id)));
    case State::SubstitutingResult:
      return "the promises in its result are being replaced by what they have become";
    case State::Verifying:
      return "an input is gone from the store; whoever made it is looked for";
    case State::WaitingForParent:
      return fmt::format("it is gone from the store; {}, which made it, runs again", describe(node.because));
    case State::LetGo:
      return "nobody waits for it";
    case State::Finished:
      return "it is finished";
  }
  return {};
}

namespace {

// Findings, with the node they are about.
class Findings {
 public:
  void expect(bool fine, NodeId id, const char* rule) {
    if (!fine) {
      list_.push_back(fmt::format("node {}: {}", id, rule));
    }
  }

  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace

// What ought to be true of each node follows from its state.
std::vector<std::string> Reducer::inconsistencies() const {
  Findings findings;
  std::array<uint32_t, kStates> states{};
  std::vector<uint32_t> links(nodes_.size());  // fresh ones in the lists of unfinished nodes
  std::vector<NodeId> linked_to(nodes_.size(), kNoNode);
  std::vector<uint32_t> holds(nodes_.size());
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].forgotten) {
      continue;
    }
    for (uint32_t edge = 0; edge < nodes_[id].edge_count; ++edge) {
      ++holds[edges_[nodes_[id].first_edge + edge].to];
      if (const NodeId passed = via(id, edge); passed != kNoNode) {
        ++holds[passed];
      }
    }
    ++states.at(static_cast<size_t>(nodes_[id].state));
    for (uint32_t at = nodes_[id].waiters; at != UINT32_MAX; at = links_[at].next) {
      if (is_fresh(links_[at])) {
        const NodeId waiter = links_[at].waiter;
        findings.expect(nodes_[id].state != State::Finished, waiter, "waits for a finished node");
        findings.expect(std::exchange(linked_to[waiter], id) != id, waiter, "stands in a list twice");
        ++links[waiter];
      }
    }
  }
  std::vector<unsigned> live(nodes_.size());
  std::array<unsigned, kMaxEngines> in_use{};
  std::array<uint64_t, kMaxEngines> cores{};
  std::array<uint64_t, kMaxEngines> memory{};
  MicroDollars set_aside = 0;
  for (const auto& [attempt, what] : attempts_) {
    ++live[what.node];
    findings.expect(watches_.count({what.look_at, attempt}) == 1, what.node, "is not watched");
    findings.expect(what.silent_at > now_, what.node, "an attempt that is overdue goes on");
    cores.at(what.engine) += what.cores;
    memory.at(what.engine) += what.memory;
    set_aside += what.most;
    ++in_use.at(what.engine);
  }
  std::vector<bool> queued(nodes_.size());
  ready_.each([&](const ReadyQueue::Entry& entry, ReadyQueue::Key key) {
    if (nodes_[entry.node].serial == entry.serial && key_of(entry.node) == key) {
      queued[entry.node] = true;
    }
  });
  std::vector<bool> due(nodes_.size());
  for (auto copy = due_; !copy.empty(); copy.pop()) {
    if (nodes_[copy.top().node].serial == copy.top().serial) {
      due[copy.top().node] = true;
    }
  }
  for (EngineId engine = 0; engine < kMaxEngines; ++engine) {
    findings.expect(in_use.at(engine) == places_.at(engine).in_use, engine, "(an engine) slots leak");
    findings.expect(cores.at(engine) == places_.at(engine).cores_in_use, engine, "(an engine) cores leak");
    findings.expect(memory.at(engine) == places_.at(engine).memory_in_use, engine,
                    "(an engine) memory leaks");
  }
  findings.expect(watches_.size() == attempts_.size(), kNoNode, "what is over is watched");
  findings.expect(set_aside == budget_.set_aside(), kNoNode, "what is set aside of the budget leaks");
  findings.expect(states == counters_.states, kNoNode, "the counts by state are wrong");
  findings.expect(finished_.empty() && urgent_.empty() && calling_.empty(), kNoNode,
                  "consequences are left undone");
  const uint64_t looking = counters_.in(State::Opening) + counters_.in(State::Substituting);
  findings.expect(look_ups_[0] + look_ups_[1] == looking, kNoNode, "look-ups are miscounted");
  const auto could_start = [this](NodeId id) {
    for (EngineId engine = 0; engine < places_end_; ++engine) {
      if (has_room(engine, nodes_[id].needs) && may_run(key_of(id), engine)) {
        return true;
      }
    }
    return false;
  };
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    const Node& node = nodes_[id];
    findings.expect(holds[id] == node.holds, id, "its edges are miscounted");
    if (node.forgotten) {
      continue;
    }
    findings.expect(!is_at_rest(node.state) || node.edge_count == 0, id, "holds on to what it does not need");
    findings.expect(node.state != State::LetGo || !is_wanted(id), id, "is let go, and somebody waits");
    findings.expect(!may_be_forgotten(id) || node.idle, id, "is never forgotten");
    const bool orphaned = node.state == State::WaitingForParent;
    const bool waits = node.state == State::WaitingForInputs || node.state == State::WaitingForTail;
    const bool follows = node.state == State::Following;
    findings.expect(links[id] == (waits                 ? node.missing
                                  : follows || orphaned ? 1
                                                        : 0),
                    id, "is not where it waits");
    findings.expect(!waits || node.missing > 0, id, "waits for nothing");
    findings.expect(!(follows || orphaned) || linked_to[id] == node.because, id,
                    "does not follow its leader");
    findings.expect(live[id] == node.live, id, "its attempts are miscounted");
    findings.expect((live[id] > 0) == (node.state == State::Running), id, "runs without an attempt");
    findings.expect(node.state != State::Ready || queued[id], id, "is ready, but in no queue");
    findings.expect(node.state != State::Ready || !could_start(id), id, "is ready, and a slot is free");
    findings.expect(node.state != State::BackingOff || due[id], id, "backs off for ever");
    const bool finished = node.state == State::Finished;
    findings.expect(finished == (node.verdict != Verdict::None), id, "finished and verdict disagree");
    const bool succeeded = node.verdict == Verdict::Succeeded;
    findings.expect(!finished || succeeded == (node.result != nullptr), id, "succeeded without a result");
    findings.expect(!succeeded || !node.result->owes(), id, "succeeded and owes");
    findings.expect(!finished || succeeded || node.verdict == Verdict::Cancelled || node.failure != nullptr,
                    id, "failed without a reason");
    const bool leads = node.has_concrete && by_concrete_.find(node.concrete, concrete_of()) == id;
    const bool executes = node.state == State::Ready || node.state == State::Running;
    findings.expect(!executes || leads, id, "executes what another leads");
    findings.expect(find(node.thunk) == id, id, "is not found by its name");
  }
  return findings.take();
}

}  // namespace sched
