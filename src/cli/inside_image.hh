#pragma once

#include <string_view>

namespace cli {

// The program that stands for gg inside containers (cli/inside): a static executable, embedded so that gg
// needs no file beside it.
[[nodiscard]] std::string_view inside_image();

}  // namespace cli
