#include "storage/reapi/test_server.hh"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>

// strict_server TOKEN [zstd]: for end-to-end tests. A server that keeps objects and results, and refuses each
// call that does not come with the token and say of which run it is. Prints its port, then a line for each
// call that it took: what was called, and by which run. Ends when its standard input does.
namespace {

namespace re = build::bazel::remote::execution::v2;

std::string header(const grpc::ServerContext& context, const std::string& name) {
  const auto found = context.client_metadata().find(name);
  return found == context.client_metadata().end() ? ""
                                                  : std::string(found->second.data(), found->second.size());
}

grpc::Status admit(const std::string& token, const grpc::ServerContext& context, const std::string& call) {
  if (header(context, "authorization") != "Bearer " + token) {
    return {grpc::StatusCode::UNAUTHENTICATED, "who are you?"};
  }
  re::RequestMetadata of;
  if (!of.ParseFromString(header(context, "build.bazel.remote.execution.v2.requestmetadata-bin")) ||
      of.tool_details().tool_name() != "gg" || of.tool_details().tool_version().empty() ||
      of.tool_invocation_id().empty()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "of which run?"};
  }
  fmt::print("{} {}\n", call, of.tool_invocation_id());
  std::fflush(stdout);
  return grpc::Status::OK;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string token = argc > 1 ? argv[1] : "";
  storage::TestServer server([&token](const grpc::ServerContext& context, const std::string& call) {
    return admit(token, context, call);
  });
  auto& offered = *server.capabilities.mutable_cache_capabilities();
  offered.mutable_action_cache_update_capabilities()->set_update_enabled(true);
  if (argc > 2) {
    offered.add_supported_compressors(re::ZSTD);
    offered.add_supported_batch_update_compressors(re::ZSTD);
  }
  fmt::print("{}\n", server.port());
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}
