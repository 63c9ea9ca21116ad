#pragma once

#include "base/clock.hh"
#include "ir/result.hh"
#include "object/digest.hh"
#include "sched/decision.hh"
#include "sched/outcome.hh"

#include <memory>
#include <variant>
#include <vector>

// What the reducer wants done; see reducer.hh for the events that answer.
namespace sched {

// Names one wait of one node. An answer with a ticket that is not the latest of its node is ignored, so
// answers may come late, twice, or after a cancel.
struct Ticket {
  NodeId node = kNoNode;
  uint32_t serial = 0;

  bool operator==(const Ticket&) const = default;
};

enum class UseMemo : uint8_t { No, Yes };

// A finished thunk, for those that hold promises of it.
struct Made {
  object::Digest thunk;
  NodeId node = kNoNode;
  std::shared_ptr<const ir::Result> result;
};

// Look the thunk up in the memos (if allowed), else read its tree for promises.
// Answer: memo_found, opened, failed.
struct Open {
  Ticket ticket;
  object::Digest thunk;
  UseMemo use_memo = UseMemo::Yes;
};

// Put what was made in place of the thunk's promises, store the concrete thunk, and look it up in the memos
// (if allowed). `made` is sorted by thunk and holds all that is needed. Answer: substituted, failed.
struct Substitute {
  Ticket ticket;
  object::Digest thunk;
  std::vector<Made> made;
  UseMemo use_memo = UseMemo::Yes;
};

// Find all promises in the outputs of a result, also within its directories. Answer: result_opened, failed.
struct OpenResult {
  Ticket ticket;
  std::shared_ptr<const ir::Result> result;
};

// Put what was made in place of the promises in a result's outputs. Answer: result_substituted, failed.
struct SubstituteResult {
  Ticket ticket;
  std::shared_ptr<const ir::Result> result;
  std::vector<Made> made;
};

// Which of these have outputs that the store no longer holds? Answer: verified, failed.
struct Verify {
  Ticket ticket;
  std::vector<Made> made;
};

// Answer: attempt_done.
struct Execute {
  EngineId engine = 0;
  AttemptId attempt = 0;
  NodeId node = kNoNode;
  object::Digest thunk;         // concrete
  unsigned number = 1;          // of this node's tries; above 1 it is a retry or a duplicate
  base::Nanoseconds waited{0};  // for a slot
  bool duplicate = false;       // another attempt goes on, and seems to straggle
  uint32_t path = 0;            // Job::path
};

// No answer is wanted any more.
struct CancelAttempt {
  EngineId engine = 0;
  AttemptId attempt = 0;
  Unwanted why = Unwanted::Superseded;
  MicroDollars most = 0;  // what it may have cost
};

// For the record; no answer.
struct Decided {
  Decision what = Decision::BackOff;
  NodeId node = kNoNode;  // none: all that was under way
  base::Nanoseconds delay{0};
  std::string detail;
};

// Answer: recorded; none if it could not be, and then the node is never forgotten. The result may owe (a tail
// call that is not carried to its end yet).
struct RecordMemo {
  NodeId node = kNoNode;
  object::Digest thunk;
  std::shared_ptr<const ir::Result> result;
};

// Reducer::outcome says how. A node whose outputs were lost and made again finishes once more, and so does a
// thunk that was forgotten and asked for again.
struct Finished {
  NodeId node = kNoNode;
};

// No answer. The thunk has come to a tail call, and those who waited for it wait for what it calls instead.
struct PassedOn {
  object::Digest thunk;
  Source source = Source::Executed;
  std::shared_ptr<const ir::Result> result;  // owes
};

using Action = std::variant<Open, Substitute, OpenResult, SubstituteResult, Verify, Execute, CancelAttempt,
                            Decided, RecordMemo, PassedOn, Finished>;

}  // namespace sched
