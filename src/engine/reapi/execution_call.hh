#pragma once

#include "engine/threads/stop.hh"
#include "net/grpc_service.hh"
#include "object/digest.hh"

#include <optional>
#include <string>

#include "build/bazel/remote/execution/v2/remote_execution.pb.h"
#include "google/longrunning/operations.pb.h"

namespace engine {

// How the asking for one execution ended.
struct Executed {
  grpc::Status status;  // OK: there is a result. Else the server's reason, or the connection's
  build::bazel::remote::execution::v2::ActionResult result;
  bool cached = false;  // the server had it already
};

// One execution: asks for it, waits, and takes up the waiting again when the connection breaks, so that what
// runs over there is not started twice. Used by one thread; `stop` ends it from any.
class ExecutionCall {
 public:
  // All outlive it.
  ExecutionCall(net::GrpcService& service, const std::string& instance, Stop& stop)
      : service_(service), instance_(instance), stop_(stop) {}

  enum class Cache { Use, Skip };

  // Blocks until the action is executed, cannot be, or is not wanted any more (CANCELLED; the server is told,
  // too, where it lets itself be told). `priority`: of the server's; 0: whatever it does by default.
  [[nodiscard]] Executed run(const object::Digest& action, Cache cache, int32_t priority);

 private:
  // What came of listening to one stream. Nullopt: it broke.
  [[nodiscard]] std::optional<Executed> listen(
      const build::bazel::remote::execution::v2::ExecuteRequest& request, grpc::Status& broken);
  [[nodiscard]] static Executed done(const google::longrunning::Operation& operation);
  void cancel();

  net::GrpcService& service_;
  const std::string& instance_;
  Stop& stop_;
  std::string operation_;  // the server's name for it; empty: not asked for yet, or forgotten by the server
};

}  // namespace engine
