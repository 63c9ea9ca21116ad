#pragma once

#include "base/clock.hh"
#include "loop/loop.hh"
#include "object/store.hh"
#include "sched/observer.hh"
#include "sched/reducer.hh"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sched {

// What became of a thunk that was asked for.
struct Answer {
  Verdict verdict = Verdict::None;
  Source source = Source::Executed;          // when succeeded
  std::shared_ptr<const ir::Result> result;  // when succeeded; else of the command whose failure is the
                                             // cause, if it was a command's
  base::Error error;                         // unless succeeded
  object::Digest cause;                      // unless succeeded, cancelled or drained: the thunk that failed
  std::string cause_label;
};

// The result if there is one: final, or of this thunk's own command, which failed. Else the error.
[[nodiscard]] base::Result<ir::Result> to_result(const Answer& answer);

// Drives a Reducer on a loop: reads and writes on the loop's pool, executes on engines, records memos.
//
// The public functions may be called on any thread. Store, records, clock, engines and observer must outlive
// the loop (its pool uses them); the coordinator itself may go before, and then nothing more is called back.
// An orderly end is cancel_all(), its answers, and then loop.stop().
class Coordinator {
 public:
  struct Place {
    Engine* engine = nullptr;
    Reducer::FailureIs failure = Reducer::FailureIs::Final;
  };

  // On a pool thread, once. A result that it hears of is recorded already, as far as that was possible.
  using Done = std::function<void(const Answer&)>;

  // `places` in order of preference.
  Coordinator(loop::Loop& loop, object::Store& store, object::Records& records, const base::Clock& clock,
              Observer& observer, std::vector<Place> places, const Policy& policy);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // Starts to reduce the thunk and what it depends on; asking for one that is under way joins it.
  void submit(const object::Digest& thunk, const Request& request, Done done);

  // The outputs that it was said to have are gone: runs it again.
  void remake(const object::Digest& thunk, Done done);

  // Somebody blocks on this one: it, and what it waits for, goes first.
  void hurry(const object::Digest& thunk);

  // Stops all work and answers all that is pending as Cancelled.
  void cancel_all();

  // Nothing new starts; what runs may end. Everything else that is pending is answered as Stopped, with this
  // reason: a new run goes on from here.
  void drain(const std::string& reason);

  // An engine's capacity() has changed.
  void slots_changed(const Engine& engine);

  // The final result, if a memo has it and the store still holds all its outputs. Blocks briefly.
  [[nodiscard]] std::optional<ir::Result> known(const object::Digest& thunk);

  // As of the latest event.
  [[nodiscard]] Counters progress() const;

  // Why it isn't finished, in words: `done` gets it on the loop thread. Empty: never heard of.
  void why_waiting(const object::Digest& thunk, std::function<void(std::string)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // callbacks of loop and engines share it
};

}  // namespace sched
