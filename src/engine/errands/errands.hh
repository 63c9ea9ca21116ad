#pragma once

#include "engine/errands/riders.hh"
#include "engine/threads/attempted.hh"
#include "exec/runner.hh"
#include "exec/tree_reader.hh"
#include "object/lending.hh"
#include "object/store.hh"
#include "wire/message.hh"

#include <string>
#include <vector>

namespace engine {

// What becomes of the outputs of thunks that are executed by workers.
enum class Download {
  Outputs,  // they are here when the result is told
  Nothing,  // they stay in the store until somebody asks for them
};

// What surrounds workers, whatever carries the messages. All outlive whoever is given it. `whole` reads from
// both stores, and finds again what can be found; `here` is where outputs are downloaded to; `there` and
// `lender` are one store.
struct WorkerStores {
  object::RemoteStore& there;
  object::Lender& lender;
  object::Store& here;
  object::Store& whole;
};

// Both ends of a job's way to a worker: what it needs is sent or lent, what it made is taken over. What lies
// between is the engine's. Blocks; any number of threads.
class Errands {
 public:
  struct Options {
    Download download = Download::Outputs;
    bool tell_memos = true;  // workers write down what they found out
  };

  Errands(const WorkerStores& with, const Options& options)
      : with_(with), options_(options), trees_(with.whole) {}

  // What has to be remembered of an invocation to judge its answer.
  struct Asked {
    std::string output_name;
    std::vector<std::string> declared;  // output paths, sorted
  };

  struct Prepared {
    wire::Invocation invocation;
    Asked asked;
  };

  [[nodiscard]] Attempted<Prepared> prepare(const sched::Job& job, const base::StillWanted& wanted);

  // Nothing in the answer is believed. A failure with objects that the worker found lost: after distrust()
  // another try sends them again.
  [[nodiscard]] Attempted<ir::Result> take(const Asked& asked, wire::Answer answer,
                                           const base::StillWanted& wanted);

  void distrust(const std::vector<object::Digest>& lost) { with_.there.distrust(lost); }

  // With what turned out to be lost.
  static constexpr int kTries = 3;

 private:
  using Digests = std::vector<object::Digest>;

  // The thunk, and all that it names.
  struct Needs {
    ir::Command command;
    Digests objects;
  };

  [[nodiscard]] Attempted<Needs> needs_of(const object::Digest& thunk);
  [[nodiscard]] Attempted<wire::Invocation> invocation_of(const sched::Job& job, const Needs& needs,
                                                          const base::StillWanted& wanted);

  WorkerStores with_;
  Options options_;
  exec::TreeReader trees_;
  Riders riders_;
};

}  // namespace engine
