#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace cli {

// A line of gg's own for people, on standard error.
inline void say(std::string_view text) {
  fmt::print(stderr, "gg: {}\n", text);
}

}  // namespace cli
