#include "storage/s3/bucket_failure.hh"

#include "base/quote.hh"
#include "net/texts.hh"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <pugixml.hpp>
#include <string_view>

namespace storage {

namespace {

struct Advice {
  std::string_view code;
  std::string_view text;  // {0}: bucket, {1}: region, {2}: endpoint
};

// Amazon S3 API Reference, "Error responses".
constexpr std::array kAdvice{
    Advice{"InvalidAccessKeyId",
           "the server does not know this access key; are the credentials those of this account?"},
    Advice{"SignatureDoesNotMatch", "the secret access key is not the one that belongs to this access key"},
    Advice{"AccessDenied",
           "these credentials may not do that: they need s3:ListBucket on arn:aws:s3:::{0}, and s3:GetObject "
           "and (for "
           "--cache=write) s3:PutObject and s3:AbortMultipartUpload on arn:aws:s3:::{0}/*"},
    Advice{"AllAccessDisabled", "the bucket is closed to all"},
    Advice{"NoSuchBucket",
           "there is no bucket '{0}' at {2}: make it (`aws s3 mb s3://{0}`), or correct its name"},
    Advice{"InvalidBucketName", "'{0}' is no name of a bucket there"},
    Advice{"ExpiredToken", "the session has expired: sign in again"},
    Advice{"InvalidToken",
           "the session token (AWS_SESSION_TOKEN) does not belong to these keys: sign in again"},
    Advice{"TokenRefreshRequired", "the session has expired: sign in again"},
};

bool is_one_of(const std::string& code, std::initializer_list<std::string_view> codes) {
  for (const std::string_view one : codes) {
    if (code == one) {
      return true;
    }
  }
  return false;
}

bool is_other_region(const net::HttpResponse& response, const BucketFailure& failure) {
  return response.status == 301 || response.status == 307 ||
         is_one_of(failure.code,
                   {"PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException"}) ||
         (is_one_of(failure.code, {"AuthorizationHeaderMalformed", "IncorrectEndpoint"}) &&
          !failure.region.empty());
}

std::string clock_advice(const net::HttpResponse& response, base::Nanoseconds now) {
  const auto there = net::http_time(response.header("date"));
  if (!there) {
    return "this machine's clock is off: set it";
  }
  const double off = std::chrono::duration<double>(now - *there).count();
  return fmt::format("this machine's clock is {:.0f} s {} the server's: set it", std::abs(off),
                     off < 0 ? "behind" : "ahead of");
}

std::string advice(const net::HttpResponse& response, const BucketFailure& failure, const Bucket& bucket,
                   base::Nanoseconds now) {
  if (is_other_region(response, failure)) {
    return failure.region.empty()
               ? "the bucket is in another region than '" + bucket.region + "': name it with ?region=NAME"
               : fmt::format(
                     "the bucket is in region '{0}', not '{1}': write {2}?region={0}, or set AWS_REGION",
                     failure.region, bucket.region, bucket.subject());
  }
  if (is_one_of(failure.code, {"RequestTimeTooSkewed", "RequestExpired"})) {
    return clock_advice(response, now);
  }
  for (const Advice& one : kAdvice) {
    if (failure.code == one.code) {
      return fmt::format(fmt::runtime(one.text), bucket.name, bucket.region, bucket.endpoint);
    }
  }
  return failure.code.starts_with("HTTP ") ? "is that an S3 server? (?endpoint=, AWS_ENDPOINT_URL)" : "";
}

}  // namespace

BucketFailure failure_of(const net::HttpResponse& response) {
  BucketFailure failure;
  pugi::xml_document document;
  if (document.load_buffer(response.body.data(), response.body.size())) {
    const pugi::xml_node error = document.child("Error");
    failure.code = error.child_value("Code");
    failure.message = error.child_value("Message");
    failure.region = error.child_value("Region");
  }
  if (failure.region.empty()) {
    failure.region = response.header("x-amz-bucket-region");
  }
  if (failure.code.empty()) {
    failure.code = fmt::format("HTTP {}", response.status);
  }
  return failure;
}

Remedy remedy_for(const net::HttpResponse& response, const BucketFailure& failure) {
  if (is_one_of(failure.code, {"ExpiredToken", "TokenRefreshRequired"})) {
    return Remedy::FreshSecrets;
  }
  if (is_one_of(failure.code,
                {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest",
                 "RequestTimeout", "IncompleteBody", "ConditionalRequestConflict"})) {
    return Remedy::SendAgain;
  }
  if (response.status == 501) {
    return Remedy::NoConditions;
  }
  if (response.status == 429 || response.status >= 500 ||
      is_one_of(failure.code, {"SlowDown", "ThrottlingException", "RequestLimitExceeded"})) {
    return Remedy::Wait;
  }
  return Remedy::None;
}

base::Error error_of(const net::HttpResponse& response, const BucketFailure& failure, const Bucket& bucket,
                     const std::string& doing, base::Nanoseconds now) {
  std::string message =
      fmt::format("cannot {} {} at {}: {}", doing, bucket.subject(), bucket.endpoint, failure.code);
  if (!failure.message.empty()) {
    message += " (" + base::printable(failure.message) + ")";
  }
  if (const std::string what = advice(response, failure, bucket, now); !what.empty()) {
    message += "; " + what;
  }
  const bool may_pass = remedy_for(response, failure) == Remedy::Wait;
  return {std::move(message), may_pass ? base::FailureKind::RetryHere : base::FailureKind::RetryElsewhere};
}

}  // namespace storage
