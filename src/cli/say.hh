#pragma once

#include "base/quote.hh"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace cli {

// A line of gg's own for people, on standard error.
inline void say(std::string_view text) {
  fmt::print(stderr, "gg: {}\n", text);
}

// --explain's line for one command.
inline void say_what_became(std::string_view outcome, std::string_view label, std::string_view reason,
                            std::string_view detail) {
  say(fmt::format("{:8} {}{}{}{}", outcome, label, reason.empty() ? "" : "  ", reason,
                  detail.empty() ? "" : " (" + base::printable(detail) + ")"));
}

}  // namespace cli
