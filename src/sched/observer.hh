#pragma once

#include "base/clock.hh"
#include "sched/decision.hh"
#include "sched/engine.hh"
#include "sched/outcome.hh"

#include <optional>
#include <string>

namespace sched {

// What goes on, for progress, summary, journal and `gg explain`. Called on the loop thread; must not block.
class Observer {
 public:
  // One try to execute a thunk.
  struct Attempt {
    AttemptId id = 0;
    object::Digest thunk;     // as written
    object::Digest concrete;  // what the engine was given
    std::string label;
    std::string place;            // the engine's name
    unsigned number = 1;          // of this thunk's tries: above 1 it is a retry or a duplicate
    base::Nanoseconds waited{0};  // for a slot
    bool duplicate = false;       // beside another, which seems to straggle
    MicroDollars billed = 0;      // when it is over; of a cancelled one the most that it may have cost
  };

  // Something beside the plain way.
  struct Deciding {
    Decision what = Decision::BackOff;
    std::optional<object::Digest> thunk;  // none: all that was under way
    std::string label;
    std::string detail;          // for people
    base::Nanoseconds delay{0};  // until it is done: BackOff
  };

  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  virtual void started(const Attempt& /*attempt*/) {}

  // It gave this; `took` is from start to end as seen from here.
  virtual void ended(const Attempt& /*attempt*/, const AttemptResult& /*result*/,
                     base::Nanoseconds /*took*/) {}

  // Its answer is not wanted any more.
  virtual void cancelled(const Attempt& /*attempt*/, Unwanted /*why*/, base::Nanoseconds /*took*/) {}

  virtual void decided(const Deciding& /*deciding*/) {}

  // The thunk as written is finished. Outcome::source says whether it ran, was a hit (of which name), or came
  // down to another that did. Once a thunk, but for those that are asked for again after a cancel or whose
  // outputs were lost.
  virtual void finished(const object::Digest& /*thunk*/, const std::string& /*label*/,
                        const Outcome& /*outcome*/) {}

  // Something that an operator should know although the run goes on ("cannot record …").
  virtual void trouble(const std::string& /*message*/) {}
};

}  // namespace sched
