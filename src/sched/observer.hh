#pragma once

#include "base/clock.hh"
#include "sched/engine.hh"
#include "sched/outcome.hh"

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
    MicroDollars billed = 0;      // when it has ended
  };

  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  virtual void started(const Attempt& /*attempt*/) {}

  // It gave this; `took` is from start to end as seen from here.
  virtual void ended(const Attempt& /*attempt*/, const AttemptResult& /*result*/,
                     base::Nanoseconds /*took*/) {}

  virtual void cancelled(const Attempt& /*attempt*/) {}

  // The thunk as written is finished. Outcome::source says whether it ran, was a hit (of which name), or came
  // down to another that did. Once a thunk, but for those that are asked for again after a cancel or whose
  // outputs were lost.
  virtual void finished(const object::Digest& /*thunk*/, const std::string& /*label*/,
                        const Outcome& /*outcome*/) {}

  // Something that an operator should know although the run goes on ("cannot record …").
  virtual void trouble(const std::string& /*message*/) {}
};

}  // namespace sched
