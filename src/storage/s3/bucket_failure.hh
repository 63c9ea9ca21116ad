#pragma once

#include "base/clock.hh"
#include "base/result.hh"
#include "net/http.hh"
#include "storage/s3/bucket.hh"

#include <string>

namespace storage {

// What an S3 server means by an answer that is no success.
struct BucketFailure {
  std::string code;  // "NoSuchKey"; where the server names none, "HTTP 502"
  std::string message;
  std::string region;  // where it says that the bucket is
};

[[nodiscard]] BucketFailure failure_of(const net::HttpResponse& response);

enum class Remedy {
  None,
  Wait,          // ask again after a while, and less at a time
  SendAgain,     // it was damaged on the way, or cut off
  FreshSecrets,  // they have expired
  NoConditions,  // it does not know If-None-Match
};

[[nodiscard]] Remedy remedy_for(const net::HttpResponse& response, const BucketFailure& failure);

// For the operator: what was tried ("list", "read", "write to"), what the server said, and what to do.
// `now`: since 1970 UTC, when the answer came.
[[nodiscard]] base::Error error_of(const net::HttpResponse& response, const BucketFailure& failure,
                                   const Bucket& bucket, const std::string& doing, base::Nanoseconds now);

}  // namespace storage
