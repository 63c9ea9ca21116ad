#include "net/grpc_address.hh"

#include "base/quote.hh"
#include "net/texts.hh"

#include <array>
#include <charconv>
#include <optional>

namespace net {

namespace {

struct Scheme {
  std::string_view prefix;
  Transport transport;
};

constexpr std::array<Scheme, 4> kSchemes{{{"reapi://", Transport::Plain},
                                          {"reapis://", Transport::Tls},
                                          {"grpc://", Transport::Plain},
                                          {"grpcs://", Transport::Tls}}};

const Scheme* scheme_of(std::string_view text) {
  for (const Scheme& scheme : kSchemes) {
    if (text.starts_with(scheme.prefix)) {
      return &scheme;
    }
  }
  return nullptr;
}

tl::unexpected<base::Error> refuse(std::string_view text, std::string_view why) {
  return base::failure("'" + base::printable(std::string(text)) +
                           "' is no address of a server: " + std::string(why) +
                           "; it looks like reapi://HOST:PORT, or grpcs://HOST:PORT for TLS",
                       base::FailureKind::Deterministic);
}

std::optional<uint16_t> port_of(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port != 0 ? std::optional(port) : std::nullopt;
}

bool is_host_byte(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         byte == '.' || byte == '-' || byte == '_';
}

bool is_v6_byte(char byte) {
  return is_host_byte(byte) || byte == ':' || byte == '%';
}

}  // namespace

std::string GrpcAddress::target() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string GrpcAddress::uri() const {
  const bool tls = transport == Transport::Tls;
  std::string authority = target();
  const std::string_view usual = tls ? ":443" : ":80";
  if (authority.ends_with(usual)) {
    authority.resize(authority.size() - usual.size());
  }
  return (tls ? "https://" : "http://") + authority + "/";
}

bool GrpcAddress::is_loopback() const {
  return is_loopback_host(host);
}

bool is_grpc_address(std::string_view text) {
  return scheme_of(text) != nullptr;
}

base::Result<GrpcAddress> parse_grpc_address(std::string_view text) {
  const Scheme* scheme = scheme_of(text);
  if (scheme == nullptr) {
    return refuse(text, "it begins with no scheme that is known");
  }
  std::string_view rest = text.substr(scheme->prefix.size());
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return refuse(text, "it wants a host and a port");
  }
  const std::optional<uint16_t> port = port_of(rest.substr(colon + 1));
  if (!port) {
    return refuse(text, "its port is no number from 1 to 65535");
  }
  std::string_view host = rest.substr(0, colon);
  const bool v6 = host.starts_with('[') && host.ends_with(']');
  if (v6) {
    host = host.substr(1, host.size() - 2);
  }
  for (const char byte : host) {
    if (!(v6 ? is_v6_byte(byte) : is_host_byte(byte))) {
      return refuse(text, "its host is neither a name nor an address (IPv6 goes in brackets)");
    }
  }
  return host.empty() ? refuse(text, "it wants a host")
                      : base::Result<GrpcAddress>(GrpcAddress{std::string(host), *port, scheme->transport});
}

}  // namespace net
