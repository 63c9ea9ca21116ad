#include "storage/reapi/request_metadata.hh"

#include "build/bazel/remote/execution/v2/remote_execution.pb.h"

namespace storage {

std::pair<std::string, std::string> request_metadata(const std::string& version, const std::string& run) {
  build::bazel::remote::execution::v2::RequestMetadata message;
  message.mutable_tool_details()->set_tool_name("gg");
  message.mutable_tool_details()->set_tool_version(version);
  message.set_tool_invocation_id(run);
  return {"build.bazel.remote.execution.v2.requestmetadata-bin", message.SerializeAsString()};
}

}  // namespace storage
