#pragma once

#include "base/clock.hh"
#include "net/adaptive_limit.hh"
#include "net/aws/credentials.hh"
#include "net/aws/sigv4.hh"
#include "net/http.hh"
#include "storage/s3/bucket.hh"
#include "storage/s3/pack_source.hh"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace storage {

// The requests that a bucket is asked, one method each. Each is signed, tried again where that may help, and
// slowed down when the server has too much to do. Any thread.
class BucketCalls final : public PackBytes {
 public:
  struct Options {
    // How long a request is tried again while the server cannot be reached, breaks off or is busy.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    std::chrono::milliseconds first_back_off{100};
    uint64_t part_bytes = uint64_t{16}
                          << 20U;  // what is larger is sent and fetched in parts; AWS: at least 5 MiB
    unsigned parts_at_once = 4;
  };

  // All but the bucket outlive it.
  BucketCalls(Bucket bucket, net::HttpClient& http, net::aws::Credentials& credentials,
              const base::Clock& clock, Options options)
      : bucket_(std::move(bucket)),
        http_(http),
        credentials_(credentials),
        clock_(clock),
        options_(options),
        patience_(options.patience) {}

  [[nodiscard]] const Bucket& bucket() const { return bucket_; }

  // From now on that is how long a request is tried.
  void wait_for(std::chrono::milliseconds patience) { patience_ = patience; }

  struct Listed {
    std::string key;  // without the bucket's prefix
    uint64_t bytes = 0;
  };

  // All keys that begin with `prefix`.
  [[nodiscard]] base::Result<std::vector<Listed>> list(const std::string& prefix,
                                                       const base::StillWanted& wanted);

  [[nodiscard]] base::Result<std::optional<std::string>> get(const std::string& key, Range range,
                                                             const base::StillWanted& wanted) override;

  // Makes the key hold the bytes, unless it is there already: keys are names of what they hold.
  [[nodiscard]] base::Result<void> put(const std::string& key, std::string_view bytes,
                                       const base::StillWanted& wanted);

  struct Lent {
    std::string url;
    base::Nanoseconds until{0};  // since 1970 UTC
  };

  // A URL by which whoever has it may do that ("GET", "PUT") with the key, without any credentials, until
  // `lifetime` is over; or until our own credentials expire, if that is sooner.
  [[nodiscard]] base::Result<Lent> lend(const std::string& method, const std::string& key,
                                        std::chrono::seconds lifetime, const base::StillWanted& wanted);

 private:
  struct Request {
    std::string method;
    std::string key;  // without the prefix; empty: the bucket itself
    net::aws::Query query;
    net::HttpHeaders headers;
    std::string_view body;
    uint64_t most_bytes = 0;
    const char* doing = "";  // "list", "read", "write to": for messages
  };

  [[nodiscard]] base::Result<net::HttpResponse> call(const Request& request, const base::StillWanted& wanted);
  [[nodiscard]] base::Result<net::HttpResponse> once(const Request& request, const net::aws::Secrets& secrets,
                                                     const base::StillWanted& wanted);
  [[nodiscard]] base::Result<std::optional<std::string>> get_part(const std::string& key, Range range,
                                                                  const base::StillWanted& wanted);
  [[nodiscard]] base::Result<void> put_parts(const std::string& key, std::string_view bytes,
                                             const base::StillWanted& wanted);
  [[nodiscard]] base::Result<void> put_each_part(const std::string& key, const std::string& upload,
                                                 std::string_view bytes, const base::StillWanted& wanted);
  [[nodiscard]] net::HttpHeaders if_absent() const;
  [[nodiscard]] std::string path_of(const std::string& key) const;

  Bucket bucket_;
  net::HttpClient& http_;
  net::aws::Credentials& credentials_;
  const base::Clock& clock_;
  Options options_;
  net::AdaptiveLimit limit_{16, 64};
  std::atomic<std::chrono::milliseconds> patience_;
  std::atomic<bool> takes_conditions_{true};
};

}  // namespace storage
