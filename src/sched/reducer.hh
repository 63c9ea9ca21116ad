#pragma once

#include "base/clock.hh"
#include "sched/action.hh"
#include "sched/budget.hh"
#include "sched/digest_index.hh"
#include "sched/node.hh"
#include "sched/policy.hh"
#include "sched/ready_queue.hh"
#include "sched/slab.hh"
#include "sched/spread.hh"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace sched {

// How much of what there is. All but `states` only ever grow.
struct Counters {
  std::array<uint32_t, kStates> states{};  // nodes by State
  uint64_t hits = 0;                       // finished by a memo, of either name
  uint64_t converged = 0;                  // finished by a twin's answer
  uint64_t executed = 0;                   // finished by executing
  uint64_t failed = 0;                     // themselves
  uint64_t given_up = 0;                   // because of others: dependency failed, stopped, cancelled
  uint64_t attempts = 0;
  uint64_t retries = 0;       // of any step
  uint64_t duplicates = 0;    // attempts beside others that straggled
  uint64_t silent = 0;        // attempts that were never answered
  MicroDollars billed = 0;    // of what was cancelled or never answered: the most it may have cost
  uint64_t remade = 0;        // ran again because the store lost what they had made
  uint64_t forgotten = 0;     // nodes that are no more, and not among `states`
  uint64_t late_answers = 0;  // answers that nobody waited for any more: late, repeated, or made up

  [[nodiscard]] uint32_t in(State state) const { return states[static_cast<size_t>(state)]; }
};

// The reduction of a graph of thunks, as a pure state machine: events in, actions out; no I/O and no clock.
//
// A node is a thunk as written. It is opened (memo, else promises), waits for its inputs, is substituted to
// its concrete thunk, executed, and, if the result itself holds promises (a tail call), waits for those.
// Two nodes that come down to one concrete thunk are executed once: the later one follows the first, and both
// keep their own waiters, so each parent of either gets the one answer, once.
//
// What may be assumed: nothing waits without a cause that why_waiting() shows; a wait for itself (a cycle
// through tail calls) is found when nothing else can go on, short ones at once, and failed by name; every
// retry is bounded by the Policy; answers that are late, repeated or invented change nothing; an attempt that
// is never answered is given up in time; what is billed stays within the budget (see Budget).
//
// What nobody has asked for by add(), nor waits for, is forgotten some time after its memo is in the store. A
// node that waits for a tail call waits, once that ends in another tail call, for that one instead: a chain
// of them takes no memory (docs/decisions/dynamic-graphs.md).
//
// Edges and results lie in arenas, no step recurses over the graph: a chain, a fan-in or a random graph of
// 10^6 nodes takes less than 1 KiB and 10 us each (bench/reducer_bench.cc).
//
// One thread. Call tick() before events whenever time has passed, and take_actions() after them.
class Reducer {
 public:
  explicit Reducer(const Policy& policy);

  // What an engine takes. With FailureIs::Final a command that fails there has failed; else its failure is
  // repeated once in another place before it is believed.
  enum class FailureIs : uint8_t { Final, Repeated };
  void set_engine(EngineId engine, const Capacity& capacity, FailureIs failure = FailureIs::Final);

  // One that says no more of itself.
  void set_engine(EngineId engine, unsigned slots, FailureIs failure = FailureIs::Final);

  // Asks for a thunk; asking again joins. One that failed stays failed; a cancelled one starts afresh.
  NodeId add(const object::Digest& thunk, const Request& request = {});

  // It, and what it waits for, goes before everything that isn't hurried.
  void hurry(NodeId node);

  // Its outputs are gone from the store: it runs again. Only for a node that succeeded.
  void remake(NodeId node);

  // Everything unfinished is finished as Cancelled, at once.
  void cancel_all();

  // Nothing new starts; what runs may end, and its answer counts; all else is finished as Stopped with this
  // reason. A new run with the same memos goes on from here.
  void drain(const std::string& reason);

  // Time goes on: due retries start, stragglers and silent engines are found.
  void tick(base::Nanoseconds now);

  // When tick() has something to do, if ever.
  [[nodiscard]] std::optional<base::Nanoseconds> next_tick() const;

  // Answers to actions.
  void memo_found(Ticket ticket, ir::Result result);
  void opened(Ticket ticket, std::vector<object::Promise> promises);
  void substituted(Ticket ticket, const object::Digest& concrete, std::optional<ir::Result> memo);
  void result_opened(Ticket ticket, std::vector<object::Promise> promises);
  void result_substituted(Ticket ticket, ir::Result result);
  void verified(Ticket ticket, const std::vector<NodeId>& not_whole);
  void recorded(NodeId node);
  void failed(Ticket ticket, AttemptFailure failure);
  void attempt_done(AttemptId attempt, AttemptResult result, MicroDollars cost = 0);

  // What to do now; swaps with `into`, which is cleared first, so that its memory goes to and fro.
  void take_actions(std::vector<Action>& into);

  // Ids are below this.
  [[nodiscard]] size_t size() const { return nodes_.size(); }

  // Is there such a node (still)?
  [[nodiscard]] bool has(NodeId node) const { return node < nodes_.size() && !nodes_[node].forgotten; }

  [[nodiscard]] std::optional<NodeId> find(const object::Digest& thunk) const;

  [[nodiscard]] const object::Digest& thunk(NodeId node) const { return nodes_[node].thunk; }

  [[nodiscard]] State state(NodeId node) const { return nodes_[node].state; }

  [[nodiscard]] Outcome outcome(NodeId node) const;
  [[nodiscard]] Hints hints(NodeId node) const;
  [[nodiscard]] const std::string& label(NodeId node) const;

  [[nodiscard]] const Counters& counters() const { return counters_; }

  // The number of nodes that are not finished.
  [[nodiscard]] size_t unfinished() const {
    return nodes_.size() - free_nodes_.size() - counters_.in(State::Finished)-counters_.in(State::LetGo);
  }

  // For a person: what this node waits for, by name.
  [[nodiscard]] std::string why_waiting(NodeId node) const;

  // "compile src/a.c (thunk 12ab…/142)".
  [[nodiscard]] std::string describe(NodeId node) const;

  // Every broken rule of the structure, in words; empty unless there is a defect. Visits everything: for
  // tests.
  [[nodiscard]] std::vector<std::string> inconsistencies() const;

 private:
  struct Edge {
    NodeId to = kNoNode;
    uint32_t output = 0;  // index into outputs_
  };

  // How far a node has followed tail calls. The result as it was after a power of two of them tells when they
  // come round (Brent).
  struct Chain {
    uint64_t calls = 0;
    std::shared_ptr<const ir::Result> past;
    std::vector<NodeId> via;  // for each edge: whose result promised it; none: the node's own
  };

  // A node that may be forgotten when every look-up that went on in this period is over.
  struct Idle {
    NodeId node = kNoNode;
    uint64_t period = 0;
  };

  // One waiter in the list of the node it waits for; stale when the waiter's serial is another.
  struct Link {
    NodeId waiter = kNoNode;
    uint32_t serial = 0;
    uint32_t next = UINT32_MAX;
  };

  struct Attempt {
    NodeId node = kNoNode;
    EngineId engine = 0;
    unsigned cores = 0;
    uint64_t memory = 0;
    MicroDollars most = 0;  // set aside for it
    base::Nanoseconds started{0};
    base::Nanoseconds silent_at{0};
    base::Nanoseconds look_at{0};  // its place in watches_
  };

  using Attempts = std::unordered_map<AttemptId, Attempt>;

  struct Place {
    Capacity capacity;
    FailureIs failure = FailureIs::Final;
    unsigned in_use = 0;
    uint64_t cores_in_use = 0;
    uint64_t memory_in_use = 0;
  };

  // Jobs with the same demands.
  struct Needs {
    Hints hints;          // without label and kind
    uint32_t barred = 0;  // engines that can never take such a job, a bit each
  };

  struct Kind {
    std::string name;
    Spread took;
  };

  struct Due {
    base::Nanoseconds when{0};
    NodeId node = kNoNode;
    uint32_t serial = 0;

    bool operator<(const Due& other) const {  // the earliest on top
      return when != other.when ? when > other.when : node > other.node;
    }
  };

  struct Urgency {
    NodeId node = kNoNode;
    uint32_t path = 0;
    bool hurried = false;
  };

  // reducer.cc: the way of one node
  NodeId node_for(const object::Digest& thunk);
  void restart(NodeId id);
  void make_again(NodeId id);
  Node* claim(Ticket ticket, State expected);
  void set_state(NodeId id, State state);
  void decided(Decision what, NodeId id, std::string detail, base::Nanoseconds delay = {});
  void enter(NodeId id, State state);
  void after_opening(NodeId id, std::vector<object::Promise> promises);
  void converge(NodeId id, const object::Digest& concrete, std::optional<ir::Result> memo);
  bool join_twin(NodeId id);
  void carry_on(NodeId id, ir::Result result);
  void rewrite_outputs(NodeId id);
  void count(Source source);
  void complete(NodeId id, std::shared_ptr<const ir::Result> result);
  void adopt(NodeId id, NodeId twin);
  void finish(NodeId id, Verdict verdict);
  void fail(NodeId id, base::Error error, std::shared_ptr<const ir::Result> result = nullptr);
  void stop(NodeId id);
  void fail_because(NodeId id, NodeId dependency);
  void record(NodeId id, const object::Digest& name, const std::shared_ptr<const ir::Result>& result);

  // reducer_forget.cc: what need not be known any more
  void let_go(NodeId id);
  void wake(NodeId id);
  [[nodiscard]] bool is_wanted(NodeId id) const;
  [[nodiscard]] bool may_be_forgotten(NodeId id) const;
  void retire(NodeId id);
  void release(NodeId id);
  void forget_idle();
  void forget(NodeId id);
  [[nodiscard]] NodeId fresh_node();

  // reducer_tail.cc: tail calls that are passed on
  [[nodiscard]] bool follows_calls(NodeId id) const;
  [[nodiscard]] bool calls_on(NodeId caller, NodeId callee) const;
  bool follow_calls(NodeId id, const std::vector<NodeId>& linked);
  bool follow_call(NodeId id, NodeId callee);
  void pass_on(NodeId callee);
  [[nodiscard]] NodeId via(NodeId id, uint32_t edge) const;
  void wait_for_new(NodeId id, const std::vector<NodeId>& linked);

  // reducer_graph.cc: edges, waiting, urgency, cycles
  void await(NodeId id, std::vector<object::Promise> promises);
  void wait_on_edges(NodeId id);
  void advance(NodeId id);
  bool check_outputs_made(NodeId id);
  std::vector<Made> made_for(NodeId id) const;
  uint32_t take_edges(uint32_t count);
  void put_edge(NodeId from, uint32_t at, const object::Promise& promise);
  void stop_waiting(NodeId id);
  void drop_edges(NodeId id);
  [[nodiscard]] std::vector<NodeId> targets(NodeId id) const;
  bool wait_for(NodeId id, NodeId to);
  void link(NodeId to, NodeId waiter);
  void notify_waiters(NodeId id);
  void urge(Urgency first);
  void lead_away(NodeId id);
  [[nodiscard]] NodeId blocker(NodeId id) const;
  bool find_short_cycle(NodeId id);
  void break_cycle();
  void fail_cycle(const std::vector<NodeId>& cycle);
  void settle();
  void stop_all();

  // reducer_run.cc: attempts, retries, losses
  void start(NodeId id, EngineId engine);
  void launch(NodeId id, EngineId engine, base::Nanoseconds waited, bool duplicate);
  void end_attempt(Attempts::iterator attempt, MicroDollars cost);
  void command_failed(NodeId id, EngineId engine, ir::Result result);
  void attempt_failed(NodeId id, EngineId engine, AttemptFailure failure);
  void retry(NodeId id, State step, base::Error error, bool elsewhere);
  void resume(NodeId id);
  void back_off(NodeId id, State step, unsigned tries, std::string why);
  void lost(NodeId id, AttemptFailure failure);
  void orphan(NodeId id, base::Error error);
  [[nodiscard]] NodeId parent_of(NodeId id) const;
  void each_waiter(NodeId id, const std::function<bool(NodeId waiter, NodeId child)>& visit) const;
  void reopen(NodeId id);
  void give_up_lost(NodeId id, base::Error error);
  void release_attempts(NodeId id, Unwanted why = Unwanted::Superseded);

  // reducer_place.cc: which engine takes what
  void set_hints(NodeId id, const Hints& hints);
  void start_ready();
  bool fail_homeless();
  void push_ready(NodeId id);
  [[nodiscard]] ReadyQueue::Key key_of(NodeId id) const;

  // Does an entry of the queue still stand for its node?
  [[nodiscard]] auto still_ready() const {
    return [this](const ReadyQueue::Entry& entry, ReadyQueue::Key key) {
      return nodes_[entry.node].serial == entry.serial && key_of(entry.node) == key;
    };
  }

  [[nodiscard]] uint32_t barred_for(const Hints& hints) const;
  [[nodiscard]] bool can_ever_take(EngineId engine, uint32_t needs) const;
  [[nodiscard]] bool has_room(EngineId engine, uint32_t needs) const;
  [[nodiscard]] uint32_t open_to(uint32_t needs) const;
  [[nodiscard]] bool elsewhere_than(uint32_t refused, uint32_t needs) const;
  [[nodiscard]] bool may_run(ReadyQueue::Key key, EngineId engine) const;
  [[nodiscard]] base::Nanoseconds time_limit(EngineId engine, uint32_t needs) const;
  [[nodiscard]] MicroDollars most_cost(EngineId engine, uint32_t needs) const;
  [[nodiscard]] bool open_but_for_budget(NodeId id) const;
  [[nodiscard]] std::string why_homeless(NodeId id) const;

  // reducer_watch.cc: stragglers and silence
  void watch(AttemptId id, Attempt& attempt);
  void learn(NodeId id, base::Nanoseconds took);
  void look_at(AttemptId id);
  void give_up_silent(Attempts::iterator attempt);
  bool start_duplicates();
  [[nodiscard]] bool duplicates_are_left() const;
  [[nodiscard]] bool may_duplicate(NodeId id) const;
  [[nodiscard]] std::optional<EngineId> place_beside(const Attempt& straggler) const;
  [[nodiscard]] std::optional<base::Nanoseconds> straggles_at(const Attempt& attempt) const;

  [[nodiscard]] bool stopping() const { return stopped_by_ != nullptr; }

  [[nodiscard]] auto thunk_of() const {
    return [this](uint32_t id) -> const object::Digest& { return nodes_[id].thunk; };
  }

  [[nodiscard]] auto concrete_of() const {
    return [this](uint32_t id) -> const object::Digest& { return nodes_[id].concrete; };
  }

  [[nodiscard]] bool is_fresh(const Link& link) const { return nodes_[link.waiter].serial == link.serial; }

  uint32_t intern(const std::string& output);

  Policy policy_;
  base::Nanoseconds now_{0};
  Slab<Node> nodes_;
  DigestIndex by_thunk_;
  DigestIndex by_concrete_;  // the node that leads all that share a concrete thunk
  std::vector<Edge> edges_;
  std::unordered_map<uint32_t, uint32_t> free_edges_;  // by how many: the first of a list
  std::unordered_map<NodeId, Chain> chains_;           // of nodes that follow calls
  std::vector<NodeId> calling_;                        // have just come to a tail call
  std::vector<NodeId> free_nodes_;
  std::deque<Idle> idle_;
  // Look-ups by the parity of the period in which they began; a period ends when those of the one before
  // have.
  uint64_t period_ = 2;
  std::array<uint64_t, 2> look_ups_{};
  Slab<Link> links_;
  uint32_t free_link_ = UINT32_MAX;
  std::unordered_map<std::string, uint32_t> output_index_;
  std::vector<const std::string*> outputs_;
  Slab<std::string, 64> labels_;
  std::vector<Needs> needs_{Needs{}};
  std::map<Hints, uint32_t> needs_index_{{Hints{}, 0}};
  std::vector<Kind> kinds_{Kind{}};
  std::map<std::string, uint8_t> kind_index_{{{}, 0}};
  std::array<Place, kMaxEngines> places_{};
  EngineId places_end_ = 0;
  ReadyQueue ready_;
  Attempts attempts_;
  AttemptId next_attempt_ = 1;
  std::set<std::pair<base::Nanoseconds, AttemptId>> watches_;  // when to look at which attempt
  std::set<AttemptId> stragglers_;                             // that may get a duplicate
  Budget budget_;
  std::priority_queue<Due> due_;
  std::vector<NodeId> finished_;               // whose waiters are yet to learn
  std::vector<Urgency> urgent_;                // scratch of urge()
  std::shared_ptr<const Failure> stopped_by_;  // after which nothing starts
  bool stop_is_pending_ = false;               // stop_all() is yet to run
  NodeId first_unfinished_ = 0;                // all before it are finished
  std::vector<Action> actions_;
  Counters counters_;
};

}  // namespace sched
