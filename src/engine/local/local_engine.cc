#include "engine/local/local_engine.hh"

#include "base/errors.hh"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace engine {

namespace {

sched::AttemptResult as_attempt_result(exec::Expected<ir::Result> result) {
  if (result) {
    return std::move(*result);
  }
  return tl::unexpected<sched::AttemptFailure>(
      sched::AttemptFailure(std::move(result.error().error), std::move(result.error().lost)));
}

sched::Capacity capacity_of(const LocalEngine::Options& options) {
  sched::Capacity capacity;
  capacity.name = "local";
  capacity.slots = std::max(options.slots, 1U);
  capacity.job_time = options.limits.time;
  capacity.cores = capacity.slots;  // a job that says it needs four takes the room of four
  capacity.memory_bytes =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  capacity.is_local = true;
  capacity.last_resort = options.last_resort;
  return capacity;
}

sched::AttemptResult run(exec::Runner& runner, sandbox::Limits limits, const sched::Job& job, Stop& stop) {
  if (job.hints.timeout.count() != 0) {
    limits.time = job.hints.timeout;
  }
  try {
    const sandbox::StopSignal signal;
    const Stop::Listener listener(stop, [&signal] { signal.raise(); });
    return as_attempt_result(runner.run(job.thunk, limits, signal));
  } catch (const base::SyscallError& error) {  // out of descriptors
    return tl::unexpected<sched::AttemptFailure>(
        base::Error{error.what(), base::FailureKind::RetryElsewhere});
  }
}

}  // namespace

LocalEngine::LocalEngine(std::unique_ptr<exec::Runner> runner, const Options& options, Post post)
    : ThreadedEngine(
          capacity_of(options),
          [runner = std::shared_ptr<exec::Runner>(std::move(runner)), limits = options.limits](
              const sched::Job& job, Stop& stop) { return run(*runner, limits, job, stop); },
          std::move(post)) {}

}  // namespace engine
