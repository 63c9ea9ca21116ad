#pragma once

#include "engine/http/fleet.hh"
#include "engine/threads/threaded_engine.hh"
#include "object/lending.hh"
#include "object/store.hh"

namespace engine {

// Executes thunks on workers that are asked over HTTP. Inputs and outputs go through a store that both sides
// reach, by what it lends; a worker has no credentials of ours.
class HttpEngine final : public ThreadedEngine {
 public:
  enum class Download {
    Outputs,  // a result's outputs are here when it is told
    Nothing,  // they stay in the store until somebody asks for them
  };

  struct Options {
    unsigned slots = 1;  // jobs at workers at the same time
    Download download = Download::Outputs;
    bool tell_memos = true;  // workers write down what they found out
  };

  // All outlive it. `whole` reads from both stores, and finds again what can be found; `here` is where
  // outputs are downloaded to; `there` and `lender` are one store.
  struct Surroundings {
    Fleet& fleet;
    object::RemoteStore& there;
    object::Lender& lender;
    object::Store& here;
    object::Store& whole;
  };

  HttpEngine(const Surroundings& surroundings, const Options& options, Post post);
};

}  // namespace engine
