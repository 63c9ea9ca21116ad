#pragma once

#include "net/aws/secrets.hh"
#include "net/http.hh"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Signature Version 4 (AWS General Reference, "Signature Version 4 signing process"; Amazon S3 API Reference,
// "Authenticating Requests"). Pure functions: time and secrets are given.
namespace net::aws {

// What a signature is good for.
struct SigningScope {
  std::string region;
  std::string service;           // "s3", "sts"
  std::chrono::nanoseconds now;  // since 1970 UTC
};

using Query = std::vector<std::pair<std::string, std::string>>;  // neither names nor values encoded

struct SignableRequest {
  std::string method;
  std::string host;  // with its port, where that is not the scheme's own
  std::string path;  // encoded, as it is sent
  Query query;
  HttpHeaders headers;       // all that is to be signed besides; no "Host"
  std::string payload_hash;  // SHA-256 of the body, in hex; or kUnsignedPayload
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// The request's headers with those that the signature adds. "Host" is not among them.
[[nodiscard]] HttpHeaders sign(const SignableRequest& request, const Secrets& secrets,
                               const SigningScope& scope);

// The query by which whoever has it may make this very request, without any secret, until `lifetime` is over.
// Its payload is not signed.
[[nodiscard]] Query presign(const SignableRequest& request, const Secrets& secrets, const SigningScope& scope,
                            std::chrono::seconds lifetime);

enum class Slash { Encoded, Kept };

// Percent-encoding as AWS wants it: all but letters, digits and "-._~".
[[nodiscard]] std::string uri_encoded(std::string_view text, Slash slash);

// "a=b&c=d", encoded and in the order in which it is signed.
[[nodiscard]] std::string canonical_query(const Query& query);

// SHA-256 of some bytes in lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// SHA-256 as the header x-amz-checksum-sha256 wants it. As a header and not as a trailer, which some servers
// get wrong.
[[nodiscard]] std::string sha256_base64(std::string_view bytes);

}  // namespace net::aws
