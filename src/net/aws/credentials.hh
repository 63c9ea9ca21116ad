#pragma once

#include "base/clock.hh"
#include "net/aws/configuration.hh"
#include "net/aws/secrets.hh"
#include "net/http.hh"

#include <mutex>
#include <optional>
#include <string>

namespace net::aws {

// Where secrets come from, in AWS's order: environment, web identity, the profile (keys, assumed roles,
// credential_process), the container's and the machine's metadata. Temporary ones are fetched anew before
// they expire. Any thread; whoever asks meanwhile waits.
class Credentials {
 public:
  // Client and clock outlive it.
  Credentials(Configuration configuration, HttpClient& http, const base::Clock& clock)
      : configuration_(std::move(configuration)), http_(http), clock_(clock) {}

  // The error says what was looked at, and what to do.
  [[nodiscard]] base::Result<Secrets> get(const base::StillWanted& wanted);

  // A server has said that these have expired: the next get() fetches others.
  void refused(const Secrets& secrets);

 private:
  Configuration configuration_;
  HttpClient& http_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::optional<Secrets> held_;  // under mutex_
};

// Fetches secrets, now. Kinds of errors: RetryHere where a server may answer next time.
[[nodiscard]] base::Result<Secrets> find_secrets(const Configuration& configuration, HttpClient& http,
                                                 const base::Clock& clock, const base::StillWanted& wanted);

}  // namespace net::aws
