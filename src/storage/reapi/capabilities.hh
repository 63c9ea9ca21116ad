#pragma once

#include "base/result.hh"
#include "net/grpc_service.hh"

#include <cstdint>
#include <string>

namespace storage {

// What a Remote Execution server says it can do, as far as it matters here.
struct ReapiCapabilities {
  bool executes = false;
  bool takes_results = false;  // UpdateActionResult
  uint64_t batch_bytes = 0;    // of one batch; 0: it does not say
  bool zstd_streams = false;   // compressed-blobs
  bool zstd_batches = false;   // of what is sent; what is fetched is as the server likes
  // What an execution may be asked for with; both 0: no priorities.
  int32_t least_priority = 0;
  int32_t most_priority = 0;

  bool operator==(const ReapiCapabilities&) const = default;
};

// Asks the server. Blocks, for ten seconds at most. The error says why gg cannot work with it, and what to
// do: nobody listens, no such server, no such instance, refused credentials, no SHA-256, an API before 2.1.
[[nodiscard]] base::Result<ReapiCapabilities> ask_capabilities(net::GrpcService& service,
                                                               const std::string& instance);

}  // namespace storage
