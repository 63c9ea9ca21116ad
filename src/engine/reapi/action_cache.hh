#pragma once

#include "base/result.hh"
#include "net/grpc_service.hh"
#include "object/digest.hh"

#include <optional>
#include <string>

#include "build/bazel/remote/execution/v2/remote_execution.pb.h"

namespace engine {

// What a server remembers of actions. Blocks; any thread.
class ActionCache {
 public:
  // The service outlives it.
  ActionCache(net::GrpcService& service, std::string instance)
      : service_(service), instance_(std::move(instance)) {}

  // What it remembers, whatever the exit status; nullopt: nothing.
  [[nodiscard]] base::Result<std::optional<build::bazel::remote::execution::v2::ActionResult>> find(
      const object::Digest& action, const base::StillWanted& wanted);

  [[nodiscard]] base::Result<void> record(const object::Digest& action,
                                          const build::bazel::remote::execution::v2::ActionResult& result,
                                          const base::StillWanted& wanted);

 private:
  net::GrpcService& service_;
  std::string instance_;
};

}  // namespace engine
