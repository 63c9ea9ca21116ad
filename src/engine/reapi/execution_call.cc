#include "engine/reapi/execution_call.hh"

#include "net/back_off.hh"
#include "net/grpc_failure.hh"
#include "object/wire.hh"

#include <algorithm>
#include <chrono>
#include <utility>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"

namespace engine {

namespace {

namespace re = build::bazel::remote::execution::v2;
namespace lro = google::longrunning;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// After which the same is waited for on a new stream: one whose other end vanished never breaks by itself.
constexpr std::chrono::hours kLongestStream{1};
constexpr std::chrono::minutes kPatience{2};  // with streams that break one after the other
constexpr milliseconds kLastBackOff{2000};

grpc::Status cancelled() {
  return {grpc::StatusCode::CANCELLED, "not wanted any more"};
}

// A stream that ended in the middle, not an answer.
bool is_break(grpc::StatusCode code) {
  return net::may_pass(code) || code == grpc::StatusCode::CANCELLED || code == grpc::StatusCode::UNKNOWN;
}

}  // namespace

Executed ExecutionCall::done(const lro::Operation& operation) {
  if (operation.has_error()) {
    return {net::status_of(operation.error()), {}};
  }
  re::ExecuteResponse response;
  if (!response.ParseFromString(operation.response().value())) {
    return {{grpc::StatusCode::INTERNAL, "its answer cannot be read"}, {}};
  }
  if (response.status().code() != 0) {
    return {net::status_of(response.status()), {}};
  }
  if (!response.has_result()) {
    return {{grpc::StatusCode::INTERNAL, "its answer holds no result"}, {}};
  }
  return {grpc::Status::OK, std::move(*response.mutable_result()), response.cached_result()};
}

std::optional<Executed> ExecutionCall::listen(const re::ExecuteRequest& asked, grpc::Status& broken) {
  grpc::ClientContext context;
  if (const auto ready = service_.prepare(context, kLongestStream); !ready) {
    return Executed{{grpc::StatusCode::UNAUTHENTICATED, ready.error().message}, {}};
  }
  const Stop::Listener listener(stop_, [&context] { context.TryCancel(); });
  const auto stub = re::Execution::NewStub(service_.channel());
  std::unique_ptr<grpc::ClientReader<lro::Operation>> reader;
  const bool waits = !operation_.empty();
  if (waits) {
    re::WaitExecutionRequest request;
    request.set_name(operation_);
    reader = stub->WaitExecution(&context, request);
  } else {
    reader = stub->Execute(&context, asked);
  }
  lro::Operation operation;
  while (reader->Read(&operation)) {
    if (!operation.name().empty()) {
      operation_ = operation.name();
    }
    if (operation.done()) {
      context.TryCancel();
      static_cast<void>(reader->Finish());
      return done(operation);
    }
  }
  const grpc::Status status = reader->Finish();
  if (stop_.raised()) {
    return Executed{cancelled(), {}};
  }
  if (status.ok() || is_break(status.error_code())) {
    broken = status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "it ended its answer in the middle")
                         : status;
    return std::nullopt;
  }
  if (waits) {  // the server does not know this operation any more: it is asked for anew
    operation_.clear();
    broken = status;
    return std::nullopt;
  }
  return Executed{status, {}};
}

Executed ExecutionCall::run(const object::Digest& action, Cache cache, int32_t priority) {
  re::ExecuteRequest request;
  request.set_instance_name(instance_);
  request.set_skip_cache_lookup(cache == Cache::Skip);
  object::to_wire(action, *request.mutable_action_digest());
  if (priority != 0) {
    request.mutable_execution_policy()->set_priority(priority);
  }
  const auto give_up = steady_clock::now() + kPatience;
  milliseconds back_off{50};
  while (true) {
    grpc::Status broken;
    std::optional<Executed> executed = listen(request, broken);
    if (executed) {
      if (stop_.raised()) {
        cancel();
      }
      return *std::move(executed);
    }
    if (steady_clock::now() >= give_up) {
      return {broken, {}};
    }
    if (!net::pause(net::retry_delay(broken).value_or(back_off), [this] { return !stop_.raised(); })) {
      cancel();
      return {cancelled(), {}};
    }
    back_off = std::min(back_off * 2, kLastBackOff);
  }
}

void ExecutionCall::cancel() {
  constexpr std::chrono::seconds kBriefly{2};
  grpc::ClientContext context;
  if (operation_.empty() || !service_.prepare(context, kBriefly)) {
    return;
  }
  lro::CancelOperationRequest request;
  request.set_name(operation_);
  google::rpc::Empty answer;
  // A server that cannot, or has ended it already, says so; there is nothing more to do.
  static_cast<void>(
      lro::Operations::NewStub(service_.channel())->CancelOperation(&context, request, &answer));
}

}  // namespace engine
