#pragma once

#include "engine/http/http_engine.hh"
#include "engine/http/riders.hh"
#include "engine/threads/attempted.hh"
#include "exec/runner.hh"
#include "exec/tree_reader.hh"

#include <vector>

namespace engine {

// The way of one job: what it needs is sent or lent, a worker is asked, what it made is taken over. Any
// number of threads.
class Errands {
 public:
  Errands(const HttpEngine::Surroundings& with, const HttpEngine::Options& options)
      : with_(with), options_(options), trees_(with.whole) {}

  [[nodiscard]] sched::AttemptResult run(const sched::Job& job, Stop& stop);

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
  [[nodiscard]] Attempted<wire::Answer> ask(const wire::Invocation& invocation,
                                            const base::StillWanted& wanted);
  [[nodiscard]] Attempted<ir::Result> take(const wire::Invocation& invocation, const Needs& needs,
                                           wire::Answer answer, const base::StillWanted& wanted);

  HttpEngine::Surroundings with_;
  HttpEngine::Options options_;
  exec::TreeReader trees_;
  Riders riders_;
};

}  // namespace engine
