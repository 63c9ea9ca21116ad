#pragma once

#include "engine/threads/threaded_engine.hh"
#include "exec/runner.hh"

#include <memory>

namespace engine {

// Executes thunks on this machine, in containers if the runner makes some.
class LocalEngine final : public ThreadedEngine {
 public:
  struct Options {
    unsigned slots = 1;        // jobs at the same time, one thread each
    sandbox::Limits limits;    // of each job; a job's own time-out goes before `limits.time`
    bool last_resort = false;  // takes only what others have refused
  };

  LocalEngine(std::unique_ptr<exec::Runner> runner, const Options& options, Post post);
};

}  // namespace engine
