#include "net/grpc_failure.hh"

#include "base/quote.hh"

#include <array>

#include "google/rpc/status.pb.h"

namespace net {

namespace {

using base::FailureKind;

struct Code {
  const char* name;
  FailureKind kind;
};

// By number: gRPC's "status codes" page says what each means.
constexpr std::array<Code, 17> kCodes{{{"OK", FailureKind::Ours},
                                       {"CANCELLED", FailureKind::RetryHere},
                                       {"UNKNOWN", FailureKind::RetryHere},
                                       {"INVALID_ARGUMENT", FailureKind::RetryElsewhere},
                                       {"DEADLINE_EXCEEDED", FailureKind::RetryHere},
                                       {"NOT_FOUND", FailureKind::RetryElsewhere},
                                       {"ALREADY_EXISTS", FailureKind::RetryElsewhere},
                                       {"PERMISSION_DENIED", FailureKind::RetryElsewhere},
                                       {"RESOURCE_EXHAUSTED", FailureKind::RetryHere},
                                       {"FAILED_PRECONDITION", FailureKind::RetryElsewhere},
                                       {"ABORTED", FailureKind::RetryHere},
                                       {"OUT_OF_RANGE", FailureKind::RetryElsewhere},
                                       {"UNIMPLEMENTED", FailureKind::RetryElsewhere},
                                       {"INTERNAL", FailureKind::RetryHere},
                                       {"UNAVAILABLE", FailureKind::RetryHere},
                                       {"DATA_LOSS", FailureKind::RetryHere},
                                       {"UNAUTHENTICATED", FailureKind::RetryElsewhere}}};

const Code* look_up(grpc::StatusCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kCodes.size() ? &kCodes.at(index) : nullptr;
}

}  // namespace

std::string name_of(grpc::StatusCode code) {
  const Code* known = look_up(code);
  return known != nullptr ? known->name : "code " + std::to_string(static_cast<int>(code));
}

base::Error error_of(const grpc::Status& status, std::string_view attempt) {
  const Code* known = look_up(status.error_code());
  const std::string said = base::printable(status.error_message());
  return {std::string(attempt) + ": " + (said.empty() ? "the server gave no reason" : said) + " (" +
              name_of(status.error_code()) + ")",
          known != nullptr ? known->kind : FailureKind::RetryElsewhere};
}

grpc::Status status_of(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

// Not INTERNAL and UNKNOWN: servers say these for what stays wrong, too, and the scheduler asks again anyway.
bool may_pass(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return true;
    default:
      return false;
  }
}

std::optional<std::chrono::milliseconds> retry_delay(const grpc::Status& status) {
  google::rpc::Status detailed;
  if (!detailed.ParseFromString(status.error_details())) {
    return std::nullopt;
  }
  for (const auto& detail : detailed.details()) {
    google::rpc::RetryInfo info;
    if (detail.type_url().ends_with("/google.rpc.RetryInfo") && info.ParseFromString(detail.value())) {
      constexpr int64_t kLongest = 60;  // a server that wants more than that may as well be down
      const int64_t seconds = std::clamp<int64_t>(info.retry_delay().seconds(), 0, kLongest);
      return std::chrono::seconds(seconds) +
             std::chrono::milliseconds(std::clamp(info.retry_delay().nanos(), 0, 999'999'999) / 1'000'000);
    }
  }
  return std::nullopt;
}

}  // namespace net
