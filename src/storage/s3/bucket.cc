#include "storage/s3/bucket.hh"

#include "base/quote.hh"

#include <algorithm>

namespace storage {

namespace {

constexpr std::string_view kScheme = "s3://";

tl::unexpected<base::Error> refuse(std::string_view text, const std::string& why) {
  return base::failure("'" + base::printable(text) + "' is no bucket's address: " + why +
                           "; it looks like s3://BUCKET/PREFIX, or "
                           "s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=NAME",
                       base::FailureKind::Deterministic);
}

// Amazon S3 User Guide, "General purpose bucket naming rules"; what would change a URL's meaning matters.
bool is_bucket_name(std::string_view name) {
  const auto fits = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == '_' || (byte >= 'A' && byte <= 'Z');
  };
  return name.size() >= 3 && name.size() <= 255 && std::all_of(name.begin(), name.end(), fits) &&
         name.front() != '.' && name.find("..") == std::string_view::npos;
}

bool is_endpoint(std::string_view url) {
  const size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  std::string_view host = url.substr(scheme);
  if (host.ends_with('/')) {
    host.remove_suffix(1);
  }
  const auto fits = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '.' || byte == '_' || byte == ':' || byte == '[' || byte == ']';
  };
  return scheme != 0 && !host.empty() && std::all_of(host.begin(), host.end(), fits);
}

std::string why_no_endpoint(const std::string& url) {
  return "its endpoint '" + base::printable(url) + "' is not http://HOST:PORT or https://HOST:PORT";
}

// "" where `key` is known and its value can be.
std::string set(BucketAddress& address, std::string_view key, const std::string& value) {
  if (key == "endpoint") {
    address.endpoint = value;
    return is_endpoint(value) ? "" : why_no_endpoint(value);
  }
  if (key == "region") {
    address.region = value;
    return value.empty() || value.find_first_of("/ ") != std::string::npos ? "its region is none" : "";
  }
  if (key == "profile") {
    address.profile = value;
    return "";
  }
  if (key == "style" && (value == "path" || value == "host")) {
    address.style = value == "path" ? BucketStyle::Path : BucketStyle::Host;
    return "";
  }
  return "nobody knows its '" + base::printable(key) + "=" + base::printable(value) +
         "' (there are endpoint, region, profile, and style, which is path or host)";
}

BucketStyle style_of(const BucketAddress& address, const net::aws::Configuration& configuration,
                     bool is_amazon) {
  if (address.style) {
    return *address.style;
  }
  const auto configured = configuration.setting("s3.addressing_style");
  if (configured == "path" || configured == "virtual") {
    return configured == "path" ? BucketStyle::Path : BucketStyle::Host;
  }
  // Amazon's certificate is for one label before its name.
  return is_amazon && address.bucket.find('.') == std::string::npos ? BucketStyle::Host : BucketStyle::Path;
}

}  // namespace

bool is_bucket_address(std::string_view text) {
  return text.starts_with(kScheme);
}

base::Result<BucketAddress> parse_bucket_address(std::string_view text) {
  if (!is_bucket_address(text)) {
    return refuse(text, "it does not begin with s3://");
  }
  std::string_view rest = text.substr(kScheme.size());
  const size_t question = rest.find('?');
  std::string_view query = question == std::string_view::npos ? "" : rest.substr(question + 1);
  rest = rest.substr(0, question);
  BucketAddress address;
  const size_t slash = rest.find('/');
  address.bucket = rest.substr(0, slash);
  address.prefix = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (!is_bucket_name(address.bucket)) {
    return refuse(text, "'" + base::printable(address.bucket) + "' is no name of a bucket");
  }
  while (address.prefix.ends_with('/')) {
    address.prefix.pop_back();
  }
  if (!address.prefix.empty()) {
    address.prefix += '/';
  }
  if (address.prefix.find("//") != std::string::npos || address.prefix.starts_with('/') ||
      ("/" + address.prefix).find("/./") != std::string::npos ||
      ("/" + address.prefix).find("/../") != std::string::npos) {
    return refuse(text, "its prefix has a part that is empty, '.' or '..'");
  }
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    const size_t equals = std::min(one.find('='), one.size());
    const std::string problem =
        set(address, one.substr(0, equals), std::string(one.substr(std::min(equals + 1, one.size()))));
    if (!problem.empty()) {
      return refuse(text, problem);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return address;
}

std::string Bucket::subject() const {
  return "s3://" + name + (prefix.empty() ? "" : "/" + prefix.substr(0, prefix.size() - 1));
}

base::Result<Bucket> locate(const BucketAddress& address, const net::aws::Configuration& configuration) {
  Bucket bucket;
  bucket.name = address.bucket;
  bucket.prefix = address.prefix;
  bucket.region = address.region ? *address.region : configuration.region().value_or("us-east-1");
  const std::optional<std::string> configured =
      address.endpoint ? address.endpoint : configuration.endpoint("s3");
  std::string endpoint = configured.value_or(net::aws::amazon_endpoint("s3", bucket.region));
  if (!is_endpoint(endpoint)) {
    return refuse(bucket.subject(), why_no_endpoint(endpoint));
  }
  if (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  // The scheme's own port is not in the header that is signed.
  const std::string_view own_port = endpoint.starts_with("https") ? ":443" : ":80";
  if (endpoint.ends_with(own_port)) {
    endpoint.resize(endpoint.size() - own_port.size());
  }
  bucket.endpoint = endpoint;
  const size_t host = endpoint.find("://") + 3;
  const bool in_host = style_of(address, configuration, !configured) == BucketStyle::Host;
  bucket.host = (in_host ? bucket.name + "." : "") + endpoint.substr(host);
  bucket.origin = endpoint.substr(0, host) + bucket.host;
  bucket.root = in_host ? "/" : "/" + bucket.name + "/";
  return bucket;
}

}  // namespace storage
