#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "object/store.hh"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace build::bazel::remote::execution::v2 {
class ActionResult;
}

namespace engine {

// A server's result as one of ours.
struct RemoteResult {
  ir::Result result;
  std::vector<object::Digest> objects;  // all that it says the server holds: output files, and large streams
};

// `outputs`: Lowered::outputs; what is not in there is left out. Directories (and streams that came along)
// are in `here` afterwards; files are not looked at. Nullopt: the server does not hold a directory that it
// names. Errors (RetryElsewhere) say what no result can be.
[[nodiscard]] base::Result<std::optional<RemoteResult>> from_remote(
    const build::bazel::remote::execution::v2::ActionResult& answer,
    const std::map<std::string, std::string>& outputs, object::Store& here, object::RemoteStore& there);

// One of ours as a server's: for its action cache. Nullopt: it has parts that Remote Execution does not know.
// Directories become trees, put into `here`; `objects` are all that the server has to hold first.
[[nodiscard]] base::Result<std::optional<std::vector<object::Digest>>> to_remote(
    const ir::Result& result, object::Store& here, build::bazel::remote::execution::v2::ActionResult& answer);

}  // namespace engine
