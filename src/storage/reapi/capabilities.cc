#include "storage/reapi/capabilities.hh"

#include "base/quote.hh"
#include "net/grpc_failure.hh"

#include <fmt/format.h>

#include <algorithm>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"

namespace storage {

namespace {

namespace re = build::bazel::remote::execution::v2;

// Output paths of any kind, as thunks declare them, came with 2.1.
constexpr int kLeastMajor = 2;
constexpr int kLeastMinor = 1;

template <class Functions>
bool knows_sha256(const Functions& functions) {
  return std::find(functions.begin(), functions.end(), re::SHA256) != functions.end();
}

template <class Compressors>
bool knows_zstd(const Compressors& compressors) {
  return std::find(compressors.begin(), compressors.end(), re::ZSTD) != compressors.end();
}

base::Error refusal(const net::GrpcService& service, const std::string& instance,
                    const grpc::Status& status) {
  const std::string server = service.address().target();
  const std::string said = base::printable(status.error_message());
  const auto because = [&](const std::string& what) {
    return base::Error{said.empty() ? what : what + " (" + said + ")", base::FailureKind::RetryElsewhere};
  };
  switch (status.error_code()) {
    case grpc::StatusCode::UNIMPLEMENTED:
      return because("'" + server + "' speaks gRPC, but is no Remote Execution server");
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return because(
          "'" + server +
          "' does not let gg in; --token-file, --credential-helper and --client-certificate say who asks");
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return because("'" + server + "' has no instance called '" + base::printable(instance) +
                     "'; --instance NAME chooses one");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return because("'" + server + "' does not answer");
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      return because("cannot talk to '" + server +
                     "'; is it a Remote Execution server, is it up, and is it " +
                     (service.address().transport == net::Transport::Tls
                          ? "one with TLS and a certificate that --ca vouches for?"
                          : "one without TLS?"));
    default:
      return base::Error{net::error_of(status, "ask '" + server + "' what it can do").message,
                         base::FailureKind::RetryElsewhere};
  }
}

base::Result<ReapiCapabilities> read(const std::string& server, const re::ServerCapabilities& answer) {
  const auto refuse = [&](const std::string& why) {
    return base::failure("'" + server + "' " + why, base::FailureKind::RetryElsewhere);
  };
  const re::SemVer& newest = answer.high_api_version();
  if (std::pair(newest.major(), newest.minor()) < std::pair(kLeastMajor, kLeastMinor) ||
      answer.low_api_version().major() > kLeastMajor) {
    return refuse(fmt::format("speaks Remote Execution {}.{} to {}.{}; gg speaks {}.{}",
                              answer.low_api_version().major(), answer.low_api_version().minor(),
                              newest.major(), newest.minor(), kLeastMajor, kLeastMinor));
  }
  const re::CacheCapabilities& cache = answer.cache_capabilities();
  if (!knows_sha256(cache.digest_functions())) {
    return refuse("names objects by other digests than SHA-256");
  }
  const re::ExecutionCapabilities& execution = answer.execution_capabilities();
  ReapiCapabilities found;
  found.executes = execution.exec_enabled() &&
                   (execution.digest_function() == re::SHA256 || knows_sha256(execution.digest_functions()));
  found.takes_results = cache.action_cache_update_capabilities().update_enabled();
  found.batch_bytes = static_cast<uint64_t>(std::max<int64_t>(cache.max_batch_total_size_bytes(), 0));
  found.zstd_streams = knows_zstd(cache.supported_compressors());
  found.zstd_batches = knows_zstd(cache.supported_batch_update_compressors());
  // Of several ranges the one with the default in it.
  for (const auto& range : execution.execution_priority_capabilities().priorities()) {
    const bool has_default = range.min_priority() <= 0 && range.max_priority() >= 0;
    if (has_default || (found.least_priority == 0 && found.most_priority == 0)) {
      found.least_priority = range.min_priority();
      found.most_priority = std::max(range.min_priority(), range.max_priority());
    }
  }
  return found;
}

}  // namespace

base::Result<ReapiCapabilities> ask_capabilities(net::GrpcService& service, const std::string& instance) {
  constexpr std::chrono::seconds kPatience{10};
  grpc::ClientContext context;
  if (const auto ready = service.prepare(context, kPatience); !ready) {
    return tl::unexpected(ready.error());
  }
  re::GetCapabilitiesRequest request;
  request.set_instance_name(instance);
  re::ServerCapabilities answer;
  const grpc::Status status =
      re::Capabilities::NewStub(service.channel())->GetCapabilities(&context, request, &answer);
  if (!status.ok()) {
    return tl::unexpected(refusal(service, instance, status));
  }
  return read(service.address().target(), answer);
}

}  // namespace storage
