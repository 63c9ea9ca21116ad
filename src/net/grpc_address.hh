#pragma once

#include "base/result.hh"

#include <string>
#include <string_view>

namespace net {

enum class Transport : uint8_t { Plain, Tls };

// Where a gRPC server is.
struct GrpcAddress {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  uint16_t port = 0;
  Transport transport = Transport::Plain;

  bool operator==(const GrpcAddress&) const = default;

  // As gRPC wants it: "host:port", "[::1]:port".
  [[nodiscard]] std::string target() const;

  // For a credential helper: "https://host:port/", without the port where it is the scheme's own.
  [[nodiscard]] std::string uri() const;

  [[nodiscard]] bool is_loopback() const;
};

// Is it such an address at all, right or wrong: does it begin with one of the schemes below?
[[nodiscard]] bool is_grpc_address(std::string_view text);

// "reapi://HOST:PORT" and "grpc://HOST:PORT" are plain, "reapis://…" and "grpcs://…" over TLS. The error says
// what is wrong with the text.
[[nodiscard]] base::Result<GrpcAddress> parse_grpc_address(std::string_view text);

}  // namespace net
