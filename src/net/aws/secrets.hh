#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace net::aws {

// Who signs. Never printed.
struct Secrets {
  std::string access_key;
  std::string secret_key;
  std::string session_token;                        // empty: they are not temporary
  std::optional<std::chrono::nanoseconds> expires;  // since 1970 UTC; nullopt: never, as far as is known

  bool operator==(const Secrets&) const = default;
};

}  // namespace net::aws
