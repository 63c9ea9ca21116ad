#pragma once

#include "base/clock.hh"
#include "engine/reapi/lowered.hh"
#include "engine/reapi/priorities.hh"
#include "engine/threads/threaded_engine.hh"
#include "net/grpc_service.hh"
#include "object/store.hh"

#include <string>

namespace engine {

// Executes thunks on a server that speaks the Remote Execution API v2. Inputs travel only if the server lacks
// them; so an intermediate, which was made there, never does.
class ReapiEngine final : public ThreadedEngine {
 public:
  enum class Download {
    Outputs,  // a result's outputs are here when it is told
    Nothing,  // they stay there until somebody asks for them
  };

  struct Options {
    std::string instance;
    Lowering lowering;
    unsigned slots = 1;  // actions at the server at the same time
    Download download = Download::Outputs;
    PriorityRange priorities;
  };

  // What it works with; all outlive it. `whole` reads from both stores, and finds again what can be found;
  // `here` is where outputs are downloaded to.
  struct Surroundings {
    net::GrpcService& service;
    object::RemoteStore& there;
    object::Store& here;
    object::Store& whole;
    const base::Clock& clock;
  };

  ReapiEngine(const Surroundings& surroundings, Options options, Post post);
};

}  // namespace engine
