#pragma once

#include "base/clock.hh"

#include <optional>
#include <string>
#include <string_view>

// How what others wrote is read, and what they read is written.
namespace net {

// Without the spaces and ends of lines behind it.
[[nodiscard]] std::string trimmed(std::string text);

// Since 1970, in whole seconds: "2030-01-02T03:04:05Z", or with a fraction, or with +HH:MM for the Z (RFC
// 3339, section 5.6). What is before 1970 or after 2262 is the first or last moment that can be said.
[[nodiscard]] std::optional<base::Nanoseconds> rfc3339_time(const std::string& text);

// Since 1970: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
[[nodiscard]] std::optional<std::chrono::seconds> http_time(const std::string& text);

// RFC 4648, section 4: with padding, without ends of lines. Reading, nullopt: that is none.
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// A name, or an address without brackets, of this machine for itself.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace net
