#include "net/grpc_service.hh"

#include "net/back_off.hh"
#include "net/grpc_failure.hh"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <algorithm>
#include <utility>

namespace net {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstBackOff{50};
constexpr milliseconds kLastBackOff{2000};

// gRPC writes about broken connections to stderr, where the build writes; what matters is in a call's status.
void silence() {
  static const bool once = [] {
    gpr_set_log_function([](gpr_log_func_args*) {});
    return true;
  }();
  static_cast<void>(once);
}

grpc::ChannelArguments arguments_for(const GrpcAddress& address, unsigned connection) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Its name misleads: how long one attempt to connect may take, round trips of TCP and TLS and all.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);                     // call() does it, for all calls alike
  arguments.SetInt("gg.connection", static_cast<int>(connection));  // else gRPC makes one connection of all
  if (address.is_loopback()) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return arguments;
}

base::Error refused(const std::string& why) {
  return {why, base::FailureKind::Deterministic};
}

}  // namespace

base::Result<std::unique_ptr<GrpcService>> GrpcService::open(Options options) {
  const bool tls = options.address.transport == Transport::Tls;
  if (!tls && !(options.authorities.empty() && options.certificate.empty() && options.key.empty())) {
    return tl::unexpected(refused("certificates are for TLS: write grpcs://" + options.address.target()));
  }
  if (options.certificate.empty() != options.key.empty()) {
    return tl::unexpected(refused("a client's certificate and its key go together: one of them is missing"));
  }
  if (options.credentials && !tls && !options.address.is_loopback()) {
    return tl::unexpected(refused("credentials are not sent over an unencrypted connection: write grpcs://" +
                                  options.address.target()));
  }
  silence();
  std::unique_ptr<GrpcService> service(new GrpcService(std::move(options)));
  if (service->options_.credentials) {
    if (const auto headers = service->options_.credentials->headers(); !headers) {
      return tl::unexpected(headers.error());
    }
  }
  return service;
}

GrpcService::GrpcService(Options options) : options_(std::move(options)) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (options_.address.transport == Transport::Tls) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = options_.authorities;
    tls.pem_cert_chain = options_.certificate;
    tls.pem_private_key = options_.key;
    credentials = grpc::SslCredentials(tls);
  }
  for (unsigned i = 0; i < std::max(options_.connections, 1U); ++i) {
    channels_.push_back(grpc::CreateCustomChannel(options_.address.target(), credentials,
                                                  arguments_for(options_.address, i)));
    // All connect now: one after the other, each at its first call, costs some round trips each time.
    channels_.back()->GetState(/*try_to_connect=*/true);
  }
}

std::shared_ptr<grpc::Channel> GrpcService::channel() {
  return channels_[turn_++ % channels_.size()];
}

base::Result<void> GrpcService::prepare(grpc::ClientContext& context, milliseconds limit) {
  context.set_deadline(std::chrono::system_clock::now() + limit);
  for (const auto& [name, value] : options_.headers) {
    context.AddMetadata(name, value);
  }
  if (options_.credentials) {
    const auto headers = options_.credentials->headers();
    if (!headers) {
      return tl::unexpected(headers.error());
    }
    for (const auto& [name, value] : *headers) {
      context.AddMetadata(name, value);
    }
  }
  return {};
}

grpc::Status GrpcService::call(milliseconds limit, const base::StillWanted& wanted, const Once& once) {
  const auto give_up = steady_clock::now() + options_.patience;
  bool renewed = false;
  for (milliseconds back_off = kFirstBackOff;; back_off = std::min(back_off * 2, kLastBackOff)) {
    grpc::ClientContext context;
    if (const auto ready = prepare(context, limit); !ready) {
      return {grpc::StatusCode::UNAUTHENTICATED, ready.error().message};
    }
    grpc::Status status = once(context, channel());
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED && !std::exchange(renewed, true) &&
        options_.credentials && options_.credentials->renew()) {
      continue;
    }
    if (status.ok() || !may_pass(status.error_code()) || steady_clock::now() >= give_up ||
        !pause(retry_delay(status).value_or(with_jitter(back_off)), wanted)) {
      return status;
    }
  }
}

}  // namespace net
