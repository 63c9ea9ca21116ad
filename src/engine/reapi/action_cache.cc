#include "engine/reapi/action_cache.hh"

#include "net/grpc_failure.hh"
#include "object/wire.hh"

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"

namespace engine {

namespace re = build::bazel::remote::execution::v2;

namespace {

constexpr std::chrono::seconds kCall{30};

}  // namespace

base::Result<std::optional<re::ActionResult>> ActionCache::find(const object::Digest& action,
                                                                const base::StillWanted& wanted) {
  re::GetActionResultRequest request;
  request.set_instance_name(instance_);
  object::to_wire(action, *request.mutable_action_digest());
  request.set_inline_stdout(true);
  request.set_inline_stderr(true);
  re::ActionResult answer;
  const grpc::Status status = service_.call(kCall, wanted, [&](auto& context, const auto& channel) {
    answer.Clear();
    return re::ActionCache::NewStub(channel)->GetActionResult(&context, request, &answer);
  });
  if (status.ok()) {
    return std::optional(std::move(answer));
  }
  // A server without a cache, and one that lost the action itself, remember nothing.
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return std::nullopt;
    default:
      return tl::unexpected(
          net::error_of(status, "look for a result at '" + service_.address().target() + "'"));
  }
}

base::Result<void> ActionCache::record(const object::Digest& action, const re::ActionResult& result,
                                       const base::StillWanted& wanted) {
  re::UpdateActionResultRequest request;
  request.set_instance_name(instance_);
  object::to_wire(action, *request.mutable_action_digest());
  *request.mutable_action_result() = result;
  re::ActionResult answer;
  const grpc::Status status = service_.call(kCall, wanted, [&](auto& context, const auto& channel) {
    return re::ActionCache::NewStub(channel)->UpdateActionResult(&context, request, &answer);
  });
  if (!status.ok()) {
    return tl::unexpected(net::error_of(status, "record a result at '" + service_.address().target() + "'"));
  }
  return {};
}

}  // namespace engine
