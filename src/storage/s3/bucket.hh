#pragma once

#include "base/result.hh"
#include "net/aws/configuration.hh"

#include <optional>
#include <string>
#include <string_view>

namespace storage {

enum class BucketStyle {
  Path,  // https://host/bucket/key
  Host,  // https://bucket.host/key
};

// "s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&profile=NAME&style=path|host]", as written.
struct BucketAddress {
  std::string bucket;
  std::string prefix;                   // "", or ends in "/"
  std::optional<std::string> endpoint;  // "http[s]://host[:port]"
  std::optional<std::string> region;
  std::string profile;  // of AWS's files; empty: what AWS_PROFILE says
  std::optional<BucketStyle> style;

  bool operator==(const BucketAddress&) const = default;
};

[[nodiscard]] bool is_bucket_address(std::string_view text);

// The error says what is wrong with the text.
[[nodiscard]] base::Result<BucketAddress> parse_bucket_address(std::string_view text);

// A bucket and where it is. A value.
struct Bucket {
  std::string name;
  std::string prefix;
  std::string origin;  // "https://host:port", without a path
  std::string host;    // what stands in the header of that name
  std::string root;    // path before the key: "/" or "/bucket/"
  std::string region;
  std::string endpoint;  // for messages

  // "s3://BUCKET/PREFIX"
  [[nodiscard]] std::string subject() const;
};

// What the address leaves open is as in AWS's configuration, else as at AWS. The error: an endpoint that is
// none.
[[nodiscard]] base::Result<Bucket> locate(const BucketAddress& address,
                                          const net::aws::Configuration& configuration);

}  // namespace storage
