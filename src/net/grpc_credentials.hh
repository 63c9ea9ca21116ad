#pragma once

#include "base/clock.hh"
#include "base/result.hh"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace net {

// What each call to a server says of who asks. Any thread.
class GrpcCredentials {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  GrpcCredentials() = default;
  GrpcCredentials(const GrpcCredentials&) = delete;
  GrpcCredentials& operator=(const GrpcCredentials&) = delete;
  virtual ~GrpcCredentials() = default;

  // May block. The error (Deterministic) names the file or the program that does not give any.
  [[nodiscard]] virtual base::Result<Headers> headers() = 0;

  // The server has refused them. True: the next ones may be others.
  [[nodiscard]] virtual bool renew() { return false; }
};

// A bearer token in a file, which is read anew when it has changed, since tokens expire.
[[nodiscard]] std::unique_ptr<GrpcCredentials> token_in_file(std::string path);

// A program that knows who we are: the protocol of Bazel's and others' credential helpers
// (https://github.com/EngFlow/credential-helper-spec). It is called with `get`, reads {"uri": …} and writes
// {"headers": {NAME: [VALUE…]}, "expires": RFC 3339}. It is asked again when that time has come, or after
// half an hour if it names none.
struct CredentialHelper {
  std::string program;                   // absolute path
  std::vector<std::string> environment;  // NAME=value
  std::string uri;                       // of the server
};

[[nodiscard]] std::unique_ptr<GrpcCredentials> credentials_of(CredentialHelper helper,
                                                              std::unique_ptr<const base::Clock> clock);

}  // namespace net
