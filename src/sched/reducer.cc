#include "sched/reducer.hh"

#include <fmt/format.h>

#include <cassert>
#include <utility>

namespace sched {

Reducer::Reducer(const Policy& policy) : policy_(policy), budget_(policy.budget) {}

std::optional<NodeId> Reducer::find(const object::Digest& thunk) const {
  const uint32_t id = by_thunk_.find(thunk, thunk_of());
  return id == DigestIndex::kNone ? std::nullopt : std::optional<NodeId>(id);
}

NodeId Reducer::node_for(const object::Digest& thunk) {
  if (const auto known = find(thunk)) {
    const Verdict verdict = nodes_[*known].verdict;
    if (!stopping() && (verdict == Verdict::Cancelled || verdict == Verdict::Stopped)) {
      restart(*known);
    }
    return *known;
  }
  const NodeId id = fresh_node();
  Node& node = nodes_[id];
  node.thunk = thunk;
  ++counters_.states[static_cast<size_t>(node.state)];
  by_thunk_.put(thunk, id, thunk_of());
  if (stopping()) {
    set_state(id, State::Opening);
    stop(id);
  } else {
    enter(id, State::Opening);
  }
  return id;
}

NodeId Reducer::add(const object::Digest& thunk, const Request& request) {
  const NodeId id = node_for(thunk);
  Node& node = nodes_[id];
  node.asked = true;
  wake(id);
  if (node.label == UINT32_MAX) {
    set_hints(id, request.hints);
  }
  node.weight = std::max(node.weight, request.weight);
  urge({id, node.weight, request.hurried});
  settle();
  return id;
}

void Reducer::hurry(NodeId node) {
  urge({node, 0, true});
  settle();
}

void Reducer::remake(NodeId id) {
  if (nodes_[id].verdict == Verdict::Succeeded && !stopping()) {
    make_again(id);
    settle();
  }
}

void Reducer::cancel_all() {
  if (unfinished() > 0) {
    decided(Decision::Cancelled, kNoNode, fmt::format("{} thunks were not finished", unfinished()));
  }
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (has(id) && !is_at_rest(nodes_[id].state)) {
      release_attempts(id, Unwanted::Cancelled);
      finish(id, Verdict::Cancelled);
    }
  }
  settle();
}

// The node starts anew.
void Reducer::restart(NodeId id) {
  Node& node = nodes_[id];
  lead_away(id);
  node.result = nullptr;
  node.failure = nullptr;
  node.because = kNoNode;
  stop_waiting(id);
  node.refused = 0;
  node.tries_here = node.tries_elsewhere = node.attempts = node.duplicates = 0;
  node.losses = node.fruitless = 0;
  node.tail = node.checked_tail = node.repeated = node.recorded = node.recorded_low = false;
  node.verdict = Verdict::None;
  node.source = Source::Executed;
  first_unfinished_ = std::min(first_unfinished_, id);
  enter(id, State::Opening);
}

// What the node had made is lost.
void Reducer::make_again(NodeId id) {
  ++nodes_[id].remakes;
  ++counters_.remade;
  decided(Decision::Remade, id, "the store has lost what it had made");
  nodes_[id].remaking = true;
  restart(id);
}

void Reducer::decided(Decision what, NodeId id, std::string detail, base::Nanoseconds delay) {
  actions_.emplace_back(Decided{what, id, delay, std::move(detail)});
}

void Reducer::set_state(NodeId id, State state) {
  Node& node = nodes_[id];
  if (node.state == State::Opening || node.state == State::Substituting) {
    --look_ups_.at(node.phase ? 1 : 0);
  }
  --counters_.states[static_cast<size_t>(node.state)];
  ++counters_.states[static_cast<size_t>(state)];
  if (state == State::Opening || state == State::Substituting) {
    node.phase = period_ % 2 == 1;
    ++look_ups_.at(node.phase ? 1 : 0);
  }
  node.state = state;
  node.since = now_;
  ++node.serial;
}

// Takes the state up and asks for what it needs.
void Reducer::enter(NodeId id, State state) {
  set_state(id, state);
  const Node& node = nodes_[id];
  const Ticket ticket{id, node.serial};
  const UseMemo use_memo = node.remaking ? UseMemo::No : UseMemo::Yes;
  switch (state) {
    case State::Opening:
      actions_.emplace_back(Open{ticket, node.thunk, use_memo});
      return;
    case State::Substituting:
      actions_.emplace_back(Substitute{ticket, node.thunk, made_for(id), use_memo});
      return;
    case State::Ready:
      push_ready(id);
      return;
    case State::OpeningResult:
      actions_.emplace_back(OpenResult{ticket, node.result});
      return;
    case State::SubstitutingResult:
      actions_.emplace_back(SubstituteResult{ticket, node.result, made_for(id)});
      return;
    case State::Verifying:
      actions_.emplace_back(Verify{ticket, made_for(id)});
      return;
    case State::WaitingForInputs:
    case State::Following:
    case State::BackingOff:
    case State::Running:
    case State::WaitingForTail:
    case State::WaitingForParent:
    case State::LetGo:
    case State::Finished:
      return;
  }
}

// The node, if this is the answer it waits for.
Node* Reducer::claim(Ticket ticket, State expected) {
  if (ticket.node < nodes_.size()) {
    Node& node = nodes_[ticket.node];
    if (node.serial == ticket.serial && node.state == expected) {
      node.tries_here = node.tries_elsewhere = 0;
      return &node;
    }
  }
  ++counters_.late_answers;
  return nullptr;
}

void Reducer::memo_found(Ticket ticket, ir::Result result) {
  Node* node = claim(ticket, State::Opening);
  if (node == nullptr) {
    return;
  }
  if (result.owes()) {
    // Kept under the names of concrete thunks only: this is one, and a twin may carry on with it already.
    converge(ticket.node, node->thunk, std::move(result));
    settle();
    return;
  }
  node->source = Source::MemoAsWritten;
  node->recorded = true;
  carry_on(ticket.node, std::move(result));
  settle();
}

void Reducer::opened(Ticket ticket, std::vector<object::Promise> promises) {
  if (claim(ticket, State::Opening) == nullptr) {
    return;
  }
  if (promises.empty()) {
    converge(ticket.node, nodes_[ticket.node].thunk, std::nullopt);
  } else {
    set_state(ticket.node, State::WaitingForInputs);
    await(ticket.node, std::move(promises));
  }
  settle();
}

void Reducer::substituted(Ticket ticket, const object::Digest& concrete, std::optional<ir::Result> memo) {
  if (claim(ticket, State::Substituting) == nullptr) {
    return;
  }
  converge(ticket.node, concrete, std::move(memo));
  settle();
}

// The node's concrete thunk is known: join another that has the same, or go and get an answer.
void Reducer::converge(NodeId id, const object::Digest& concrete, std::optional<ir::Result> memo) {
  lead_away(id);
  Node& node = nodes_[id];
  node.concrete = concrete;
  node.has_concrete = true;
  if (join_twin(id)) {
    return;
  }
  by_concrete_.put(concrete, id, concrete_of());
  if (memo && !node.remaking) {
    node.source = Source::MemoConcrete;
    node.recorded_low = true;
    carry_on(id, std::move(*memo));
    return;
  }
  enter(id, State::Ready);
}

// Follows or copies a node that has the same concrete thunk, if there is one whose answer counts.
bool Reducer::join_twin(NodeId id) {
  const Node& node = nodes_[id];
  NodeId twin = by_concrete_.find(node.concrete, concrete_of());
  if (twin == DigestIndex::kNone) {
    // One that was found in a memo as written never learnt its own concrete name.
    twin = by_thunk_.find(node.concrete, thunk_of());
    if (twin == DigestIndex::kNone || twin == id || nodes_[twin].verdict != Verdict::Succeeded) {
      return false;
    }
  }
  const Node& other = nodes_[twin];
  wake(twin);
  if (other.state != State::Finished) {
    set_state(id, State::Following);
    nodes_[id].because = twin;
    link(twin, id);
    urge({twin, node.path, node.hurried});
    find_short_cycle(id);
    return true;
  }
  if (node.remaking || other.verdict == Verdict::Cancelled || other.verdict == Verdict::Stopped) {
    return false;
  }
  adopt(id, twin);
  return true;
}

void Reducer::adopt(NodeId id, NodeId twin) {
  Node& node = nodes_[id];
  const Node& other = nodes_[twin];
  if (other.verdict == Verdict::Succeeded) {
    node.source = Source::Converged;
    node.recorded = node.thunk == node.concrete;
    node.recorded_low = true;
    if (other.unrecorded > 0) {
      ++node.unrecorded;  // for good: this memo is another's, which may not be there
    }
    complete(id, other.result);
    return;
  }
  node.failure = other.failure;
  node.because = other.because;
  finish(id, other.verdict);
}

// A result is there: final, or to be carried on.
void Reducer::carry_on(NodeId id, ir::Result result) {
  Node& node = nodes_[id];
  node.tries_here = node.tries_elsewhere = 0;
  auto shared = std::make_shared<const ir::Result>(std::move(result));
  if (shared->exit_code != 0) {
    const std::string message = fmt::format("{} ended with status {}", describe(id), shared->exit_code);
    fail(id, base::Error{message, base::FailureKind::Deterministic}, shared);
    return;
  }
  if (!shared->owes()) {
    complete(id, std::move(shared));
    return;
  }
  const bool known = node.recorded || node.recorded_low;
  node.recorded = node.recorded_low = false;
  if (!known && node.has_concrete) {
    // Not final, but a run that is killed now goes on from here.
    record(id, node.concrete, shared);
  }
  if (stopping()) {
    stop(id);
    return;
  }
  node.result = shared;
  std::vector<object::Promise> promises;
  for (const auto& [path, entry] : shared->outputs) {
    const auto* directory = std::get_if<object::Subdirectory>(&entry);
    node.direct = directory == nullptr || !directory->owes;
    if (!node.direct) {
      enter(id, State::OpeningResult);
      return;
    }
    if (const auto* promise = std::get_if<object::Promise>(&entry)) {
      promises.push_back(*promise);
    }
  }
  node.tail = true;
  set_state(id, State::WaitingForTail);
  await(id, std::move(promises));
}

void Reducer::result_opened(Ticket ticket, std::vector<object::Promise> promises) {
  Node* node = claim(ticket, State::OpeningResult);
  if (node == nullptr) {
    return;
  }
  node->tail = true;
  set_state(ticket.node, State::WaitingForTail);
  await(ticket.node, std::move(promises));
  settle();
}

void Reducer::result_substituted(Ticket ticket, ir::Result result) {
  if (claim(ticket, State::SubstitutingResult) == nullptr) {
    return;
  }
  complete(ticket.node, std::make_shared<const ir::Result>(std::move(result)));
  settle();
}

// Outputs that are promises become what these have become; no directory is concerned.
void Reducer::rewrite_outputs(NodeId id) {
  ir::Result result = *nodes_[id].result;
  for (auto& [path, entry] : result.outputs) {
    const auto* promise = std::get_if<object::Promise>(&entry);
    if (promise == nullptr) {
      continue;
    }
    const NodeId maker = by_thunk_.find(promise->thunk, thunk_of());
    entry = object::Entry(nodes_[maker].result->outputs.at(promise->output));
  }
  complete(id, std::make_shared<const ir::Result>(std::move(result)));
}

void Reducer::count(Source source) {
  switch (source) {
    case Source::Executed:
      ++counters_.executed;
      return;
    case Source::MemoAsWritten:
    case Source::MemoConcrete:
      ++counters_.hits;
      return;
    case Source::Converged:
      ++counters_.converged;
      return;
  }
}

void Reducer::complete(NodeId id, std::shared_ptr<const ir::Result> result) {
  if (result->owes()) {
    fail(id, base::Error{fmt::format("{} still owes outputs after all its promises were substituted; this is "
                                     "a defect of gg",
                                     describe(id))});
    return;
  }
  Node& node = nodes_[id];
  node.result = std::move(result);
  if (!node.recorded) {
    record(id, node.thunk, node.result);
  }
  if (!node.recorded_low && node.has_concrete && node.concrete != node.thunk) {
    record(id, node.concrete, node.result);
  }
  count(node.source);
  finish(id, Verdict::Succeeded);
}

void Reducer::finish(NodeId id, Verdict verdict) {
  Node& node = nodes_[id];
  assert(node.state != State::Finished);
  node.verdict = verdict;
  node.remaking = false;
  stop_waiting(id);
  if (verdict != Verdict::Succeeded) {
    node.result = nullptr;
    ++(verdict == Verdict::Failed ? counters_.failed : counters_.given_up);
  }
  set_state(id, State::Finished);
  finished_.push_back(id);
  actions_.emplace_back(Finished{id});
  retire(id);
}

void Reducer::record(NodeId id, const object::Digest& name, const std::shared_ptr<const ir::Result>& result) {
  ++nodes_[id].unrecorded;
  actions_.emplace_back(RecordMemo{id, name, result});
}

void Reducer::fail(NodeId id, base::Error error, std::shared_ptr<const ir::Result> result) {
  nodes_[id].failure = std::make_shared<const Failure>(Failure{std::move(error), std::move(result), id});
  nodes_[id].because = kNoNode;
  finish(id, Verdict::Failed);
  if (policy_.on_failure != OnFailure::KeepGoing && !stopping()) {
    stopped_by_ = nodes_[id].failure;
    stop_is_pending_ = true;
  }
}

void Reducer::drain(const std::string& reason) {
  if (!stopping()) {
    stopped_by_ = std::make_shared<const Failure>(Failure{{reason, base::FailureKind::RetryHere}, nullptr});
    stop_is_pending_ = true;
    settle();
  }
}

// It will not run, because nothing new is to start.
void Reducer::stop(NodeId id) {
  nodes_[id].because = stopped_by_->node;
  nodes_[id].failure = stopped_by_;
  finish(id, Verdict::Stopped);
}

void Reducer::fail_because(NodeId id, NodeId dependency) {
  Node& node = nodes_[id];
  node.failure = nodes_[dependency].failure;
  node.because = dependency;
  const Verdict verdict = nodes_[dependency].verdict;
  finish(id, verdict == Verdict::Failed ? Verdict::DependencyFailed : verdict);
}

Outcome Reducer::outcome(NodeId id) const {
  const Node& node = nodes_[id];
  if (node.verdict == Verdict::None) {
    return {};
  }
  return {node.verdict, node.source, node.result, node.failure, node.because};
}

const std::string& Reducer::label(NodeId id) const {
  static const std::string kNone;
  const uint32_t at = nodes_[id].label;
  return at == UINT32_MAX ? kNone : labels_[at];
}

void Reducer::take_actions(std::vector<Action>& into) {
  forget_idle();
  into.clear();
  std::swap(into, actions_);
}

uint32_t Reducer::intern(const std::string& output) {
  const auto [at, is_new] = output_index_.try_emplace(output, static_cast<uint32_t>(outputs_.size()));
  if (is_new) {
    outputs_.push_back(&at->first);
  }
  return at->second;
}

}  // namespace sched
