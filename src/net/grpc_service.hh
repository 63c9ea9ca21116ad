#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"
#include "net/grpc_address.hh"
#include "net/grpc_credentials.hh"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace net {

// The connections to one server, and how its calls are made. Any thread. Connections are made in the
// background from the start.
class GrpcService {
 public:
  struct Options {
    GrpcAddress address;
    // PEM texts; empty: what the system trusts, and no certificate of our own.
    std::string authorities;
    std::string certificate;
    std::string key;
    // Who asks; null: nobody in particular. TLS only, or loopback.
    std::shared_ptr<GrpcCredentials> credentials;
    // Sent with each call. A name that ends in "-bin" has bytes for its value.
    std::vector<std::pair<std::string, std::string>> headers;
    unsigned connections = 4;
    // How long a call is tried again while the server cannot be reached or says it is busy.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
  };

  // The error says what of the options cannot be.
  [[nodiscard]] static base::Result<std::unique_ptr<GrpcService>> open(Options options);

  [[nodiscard]] const GrpcAddress& address() const { return options_.address; }

  // One of the connections, in turn.
  [[nodiscard]] std::shared_ptr<grpc::Channel> channel();

  // Headers, credentials, and a deadline. May block. The error: there are no credentials.
  [[nodiscard]] base::Result<void> prepare(grpc::ClientContext& context, std::chrono::milliseconds limit);

  // Makes a call, and again after a while where that may help, or with new credentials. `once` makes it one
  // time. The status is that of the last try.
  using Once = std::function<grpc::Status(grpc::ClientContext&, const std::shared_ptr<grpc::Channel>&)>;
  [[nodiscard]] grpc::Status call(std::chrono::milliseconds limit, const base::StillWanted& wanted,
                                  const Once& once);

 private:
  explicit GrpcService(Options options);

  Options options_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::atomic<size_t> turn_{0};
};

}  // namespace net
