#pragma once

#include "base/clock.hh"

#include <optional>
#include <string>

// How what others wrote is read.
namespace net {

// Without the spaces and ends of lines behind it.
[[nodiscard]] std::string trimmed(std::string text);

// Since 1970, in whole seconds: "2030-01-02T03:04:05Z", or with a fraction, or with +HH:MM for the Z (RFC
// 3339, section 5.6). What is before 1970 or after 2262 is the first or last moment that can be said.
[[nodiscard]] std::optional<base::Nanoseconds> rfc3339_time(const std::string& text);

}  // namespace net
