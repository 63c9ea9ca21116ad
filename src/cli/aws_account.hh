#pragma once

#include "base/clock.hh"
#include "cli/cloud_flags.hh"
#include "cli/places.hh"
#include "cli/settings.hh"

#include <chrono>

#include "cloud/aws_calls.hh"

namespace cli {

// The account that flags, settings and AWS's own configuration name, and all that its calls need.
class AwsAccount {
 public:
  // Throws base::OperatorError: no region, a profile that is not there.
  AwsAccount(const CloudFlags& flags, const Settings& settings, const Environment& environment,
             std::chrono::milliseconds patience);

  [[nodiscard]] cloud::AwsCalls& calls() { return calls_; }

  [[nodiscard]] net::aws::Credentials& credentials() { return credentials_; }

  [[nodiscard]] net::HttpClient& http() { return http_; }

 private:
  AwsAccount(net::aws::Configuration configuration, cloud::AwsCalls::Options options,
             const Settings& settings);

  base::SystemClock clock_;
  net::HttpClient http_;
  net::aws::Credentials credentials_;
  cloud::AwsCalls calls_;
};

}  // namespace cli
