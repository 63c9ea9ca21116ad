#include "engine/reapi/attempts.hh"

#include "engine/reapi/remote_result.hh"
#include "net/grpc_failure.hh"

#include <utility>

namespace engine {

namespace {

namespace re = build::bazel::remote::execution::v2;
using base::FailureKind;

// The protocol has FAILED_PRECONDITION with a list for missing inputs; servers say all of these.
bool may_lack_inputs(grpc::StatusCode code) {
  return code == grpc::StatusCode::FAILED_PRECONDITION || code == grpc::StatusCode::NOT_FOUND ||
         code == grpc::StatusCode::INTERNAL || code == grpc::StatusCode::INVALID_ARGUMENT;
}

// DEADLINE_EXCEEDED here is the command's time, not a call's.
base::Error without_hope(base::Error error, grpc::StatusCode code) {
  if (code == grpc::StatusCode::DEADLINE_EXCEEDED) {
    error.kind = FailureKind::RetryElsewhere;
  }
  return error;
}

}  // namespace

Attempts::Attempts(const ReapiEngine::Surroundings& with, ReapiEngine::Options options)
    : with_(with),
      options_(std::move(options)),
      inputs_(with.whole, with.there, with.clock),
      once_files_(with.here),
      priorities_(options_.priorities) {}

sched::AttemptResult Attempts::run(const sched::Job& job, Stop& stop) {
  const auto action = lower(with_.whole, job.thunk, options_.lowering);
  if (!action) {
    return tl::unexpected(action.error());
  }
  const auto twice = once_files_.stands_twice(action->input_root);
  if (!twice) {
    return failed(twice.error());
  }
  if (*twice) {
    return failed(
        {"the same header with '#pragma once' stands at two paths, and gcc takes them for one where inputs "
         "have no times of their own, as at a Remote Execution server",
         FailureKind::RetryElsewhere});
  }
  return execute(*action, priorities_.of(job.path), stop, [&stop] { return !stop.raised(); });
}

Attempts::Found Attempts::take(const re::ActionResult& answer, const Lowered& action,
                               const base::StillWanted& wanted) {
  auto remote = from_remote(answer, action.outputs, with_.here, with_.there);
  if (!remote) {
    return tl::unexpected(std::move(remote.error()));
  }
  if (!*remote) {
    return std::nullopt;
  }
  const auto& objects = (*remote)->objects;
  if (options_.download == ReapiEngine::Download::Nothing) {
    with_.there.distrust(objects);
  }
  const auto gone = options_.download == ReapiEngine::Download::Outputs
                        ? with_.there.fetch(objects, with_.here, wanted)
                        : with_.there.missing(objects);
  if (!gone) {
    return tl::unexpected(gone.error());
  }
  return gone->empty() ? Found(std::move((*remote)->result)) : Found(std::nullopt);
}

sched::AttemptResult Attempts::execute(const Lowered& action, int32_t priority, Stop& stop,
                                       const base::StillWanted& wanted) {
  constexpr int kTries = 3;
  auto cache = ExecutionCall::Cache::Use;
  auto trust = InputSender::Trust::Leases;
  base::Error error;
  for (int tried = 0; tried < kTries; ++tried) {
    if (const auto sent = inputs_.send(action, trust, wanted); !sent) {
      return tl::unexpected(sent.error());
    }
    const Executed executed =
        ExecutionCall(with_.service, options_.instance, stop).run(action.action, cache, priority);
    if (executed.status.ok() && executed.cached && executed.result.exit_code() != 0) {
      // Some servers remember failures; ours may have been another time's, or another worker's.
      cache = ExecutionCall::Cache::Skip;
      error = {"the server remembers a failure and does not execute again", FailureKind::RetryElsewhere};
      continue;
    }
    if (executed.status.ok()) {
      auto result = take(executed.result, action, wanted);
      if (!result) {
        return failed(std::move(result.error()));
      }
      if (*result) {
        return std::move(**result);
      }
      error = {"the server made a result and does not hold its outputs", FailureKind::RetryHere};
      cache = ExecutionCall::Cache::Skip;
    } else {
      error = net::error_of(executed.status, "execute at '" + with_.service.address().target() + "'");
      if (!may_lack_inputs(executed.status.error_code())) {
        return failed(without_hope(std::move(error), executed.status.error_code()));
      }
    }
    trust = InputSender::Trust::Nothing;
  }
  // All its inputs were there, so that was not it.
  error.kind = FailureKind::RetryElsewhere;
  return failed(std::move(error));
}

}  // namespace engine
