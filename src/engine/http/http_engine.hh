#pragma once

#include "engine/errands/errands.hh"
#include "engine/http/fleet.hh"
#include "engine/threads/threaded_engine.hh"

namespace engine {

// Executes thunks on workers that are asked over HTTP. Inputs and outputs go through a store that both sides
// reach, by what it lends; a worker has no credentials of ours.
class HttpEngine final : public ThreadedEngine {
 public:
  struct Options {
    unsigned slots = 1;  // jobs at workers at the same time
    Errands::Options errands;
  };

  // The fleet outlives it.
  HttpEngine(Fleet& fleet, const WorkerStores& stores, const Options& options, Post post);
};

}  // namespace engine
