#pragma once

#include "base/clock.hh"
#include "sched/outcome.hh"

#include <cstdint>
#include <memory>

namespace sched {

enum class State : uint8_t {
  Opening,             // memo looked up, tree read for promises
  WaitingForInputs,    // for the thunks whose promises its tree holds
  Substituting,        // promises being replaced
  Following,           // another node executes the same concrete thunk
  Ready,               // for a slot
  BackingOff,          // a try failed; the next one is due later
  Running,             // on an engine
  OpeningResult,       // the result's directories read for promises (tail call)
  WaitingForTail,      // for the thunks whose promises its result holds
  SubstitutingResult,  // those promises being replaced
  Verifying,           // an input is gone: which of its makers have to run again?
  WaitingForParent,    // the thunk itself is gone: whoever made it runs again
  LetGo,               // nobody waits for it; asked for, it goes on with its tail call, or else starts anew
  Finished,
};
inline constexpr size_t kStates = 14;

// Does a node in this state want nothing of anybody?
[[nodiscard]] constexpr bool is_at_rest(State state) {
  return state == State::Finished || state == State::LetGo;
}

// The reducer's record of one thunk as written; edges and results lie outside. There may be millions, so what
// is small is packed.
struct Node {
  object::Digest thunk;
  object::Digest concrete;                   // when `has_concrete`
  std::shared_ptr<const ir::Result> result;  // final, or while a tail call goes on, the one that owes
  std::shared_ptr<const Failure> failure;    // final, or while verifying, the loss
  base::Nanoseconds since{0};                // in this state
  uint32_t serial = 0;                       // of the latest state: makes tickets and links stale
  uint32_t first_edge = 0;                   // of the present wait
  uint32_t edge_count = 0;
  uint32_t missing = 0;           // unfinished nodes among those the edges lead to
  uint32_t waiters = UINT32_MAX;  // head of the list of nodes that wait for this one
  NodeId because =
      kNoNode;         // while following, the leader; of an orphan, the parent; when finished, see Outcome
  uint32_t holds = 0;  // edges that lead here: it cannot be forgotten
  uint32_t label = UINT32_MAX;  // index; none: empty
  uint32_t needs = 0;           // index; the first: nothing special
  uint32_t weight = 1;
  uint32_t path = 1;       // estimated weight of the way from here to the end of the run
  uint32_t refused = 0;    // bit set of engines that have turned it down
  uint16_t depth = 0;      // tail calls that led here, as far as they are counted
  uint8_t unrecorded = 0;  // memos on their way to the store
  uint8_t tries_here = 0;
  uint8_t tries_elsewhere = 0;
  uint8_t attempts = 0;
  uint8_t live = 0;        // attempts that are under way
  uint8_t duplicates = 0;  // attempts that were started beside another
  uint8_t losses = 0;
  uint8_t remakes = 0;
  uint8_t fruitless = 0;  // losses without a maker
  uint8_t kind = 0;       // index; the first: like nothing
  State state : 4 = State::Finished;
  State resume : 4 = State::Finished;  // after backing off
  Verdict verdict : 4 = Verdict::None;
  Source source : 4 = Source::Executed;
  bool has_concrete : 1 = false;
  bool hurried : 1 = false;
  bool tail : 1 = false;          // the edges are those of its result, no longer those of its tree
  bool checked_tail : 1 = false;  // remaking: what its result stands on was asked for losses, too
  bool repeated : 1 = false;      // its failure was repeated in another place already
  bool remaking : 1 = false;      // its answer was lost: memos and finished twins don't count
  bool recorded : 1 = false;      // a memo already holds the final result as written
  bool recorded_low : 1 = false;  // the same for the concrete name
  bool asked : 1 = false;         // by add(): never forgotten
  bool direct : 1 = false;        // what its result owes are outputs, not parts of directories
  bool idle : 1 = false;          // waits to be forgotten
  bool forgotten : 1 = false;     // no node any more
  bool phase : 1 = false;         // of the look-up that goes on, see Reducer::period_
};

}  // namespace sched
