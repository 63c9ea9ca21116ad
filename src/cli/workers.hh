#pragma once

#include "cli/bucket.hh"
#include "cli/places.hh"
#include "cli/settings.hh"
#include "engine/http/fleet.hh"
#include "net/grpc_credentials.hh"

#include <memory>
#include <string_view>

namespace cli {

// "http://HOST:PORT" or "https://HOST:PORT", or several of them with commas between.
[[nodiscard]] bool are_worker_addresses(std::string_view text);

// What workers of any kind get at their inputs through. Throws base::OperatorError where the settings name
// none, or forbid to write there.
[[nodiscard]] std::unique_ptr<SharedBucket> bucket_for_workers(const Settings& settings,
                                                               const Environment& environment);

// Workers that have said that they are some, and the bucket that they share with us.
class Workers {
 public:
  Workers(std::unique_ptr<SharedBucket> bucket, std::unique_ptr<net::GrpcCredentials> credentials,
          net::HttpClient::Options http, engine::Fleet::Options fleet);

  [[nodiscard]] SharedBucket& bucket() { return *bucket_; }

  [[nodiscard]] engine::Fleet& fleet() { return fleet_; }

 private:
  base::SystemClock clock_;
  std::unique_ptr<SharedBucket> bucket_;
  std::unique_ptr<net::GrpcCredentials> credentials_;
  net::HttpClient http_;
  engine::Fleet fleet_;
};

// Those that settings.engine has the addresses of; null if it has none. Asks each what it is. Throws
// base::OperatorError.
[[nodiscard]] std::unique_ptr<Workers> workers_of(const Settings& settings, const Environment& environment);

}  // namespace cli
