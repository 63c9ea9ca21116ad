#include "worker/work.hh"

#include "base/errors.hh"
#include "worker/outputs.hh"

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace worker {

namespace {

using std::chrono::steady_clock;

template <class T>
T least(T a, T b) {
  return a == T{} ? b : b == T{} ? a : std::min(a, b);
}

bool is_full_disk(const base::Error& error) {
  return error.message.find(std::strerror(ENOSPC)) != std::string::npos;  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

sandbox::Limits Work::limits_of(const wire::Invocation& invocation) const {
  sandbox::Limits limits;
  limits.time = least(invocation.time, options_.time);
  limits.memory_bytes = least(invocation.memory_bytes, options_.memory_bytes);
  limits.disk_bytes = least(invocation.disk_bytes, limits.disk_bytes);
  return limits;
}

Work::Outcome Work::attempt(const wire::Invocation& invocation, Workplace::Lease& lease,
                            const sandbox::StopSignal& stop) {
  Outcome outcome;
  outcome.answer.worker = options_.name;
  outcome.answer.isolation = place_.isolation();
  wire::Times& times = outcome.answer.times;
  const auto failed = [&](const exec::Failure& why) {
    outcome.disk_is_full = is_full_disk(why.error);
    outcome.answer.outcome = wire::Failed{why.error, why.lost};
    return outcome;
  };
  const base::StillWanted wanted = [&stop] { return !stop.raised(); };
  RecordingStore inputs(lease.store());
  const auto started = steady_clock::now();
  const auto brought = inputs_.bring(invocation, inputs, wanted);
  times.fetch = steady_clock::now() - started;
  const auto fetched = inputs.take();
  place_.grown(
      std::accumulate(fetched.begin(), fetched.end(), uint64_t{0},
                      [](uint64_t sum, const object::Digest& digest) { return sum + digest.size(); }));
  if (!brought) {
    return failed(brought.error());
  }
  auto result = lease.seat().runner->run(invocation.thunk, limits_of(invocation), stop);
  const auto made = lease.seat().recording.take();
  if (!result) {
    return failed(result.error());
  }
  times.set_up = result->timings.set_up;
  times.execute = result->timings.execute;
  result->timings.fetch = times.fetch;
  result->timings.worker = options_.name;
  result->timings.isolation = place_.isolation();
  const auto ended = steady_clock::now();
  auto delivered = deliver(invocation, *result, made, lease.store(), http_, wanted);
  times.upload = steady_clock::now() - ended;
  if (!delivered) {
    return failed({std::move(delivered.error()), {}});
  }
  outcome.answer.outcome = std::move(*delivered);
  return outcome;
}

wire::Answer Work::perform(const wire::Invocation& invocation, std::unique_ptr<Workplace::Lease> lease,
                           const sandbox::StopSignal& stop) {
  const auto refused = [&](const base::Error& error) {
    return wire::Answer{wire::Failed{error, {}}, {}, options_.name, place_.isolation()};
  };
  try {
    Outcome outcome = attempt(invocation, *lease, stop);
    if (!outcome.disk_is_full) {
      return std::move(outcome.answer);
    }
    lease.reset();
    if (const auto made = place_.make_room(); !made) {
      return refused(made.error());
    }
    auto again = place_.take();
    if (!again) {
      return refused(again.error());
    }
    if (!*again) {
      return refused({"the disk was full, and others were faster", base::FailureKind::RetryHere});
    }
    return attempt(invocation, **again, stop).answer;
  } catch (const base::SyscallError& error) {  // out of descriptors, or the cache's folder is gone
    return refused({error.what(), base::FailureKind::RetryElsewhere});
  }
}

wire::Worker Work::describe() const {
  utsname machine{};
  ::uname(&machine);
  return {options_.name, place_.options().jobs, machine.machine, place_.isolation()};
}

}  // namespace worker
