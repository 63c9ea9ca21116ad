#pragma once

#include "base/result.hh"

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace google::rpc {
class Status;
}

namespace net {

// A call's status as an error: "ATTEMPT: what the server said (UNAVAILABLE)". The kind says whether the same
// call may succeed later (the network, a busy server), or is refused for good there.
[[nodiscard]] base::Error error_of(const grpc::Status& status, std::string_view attempt);

// A status that comes within an answer.
[[nodiscard]] grpc::Status status_of(const google::rpc::Status& status);

// May the same call succeed when it is made again a little later?
[[nodiscard]] bool may_pass(grpc::StatusCode code);

// When the server wants to be asked again (google.rpc.RetryInfo), if it says so.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_delay(const grpc::Status& status);

// "UNAVAILABLE"; "code 99" for one that does not exist.
[[nodiscard]] std::string name_of(grpc::StatusCode code);

}  // namespace net
