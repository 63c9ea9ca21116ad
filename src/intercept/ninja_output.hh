#pragma once

#include <map>
#include <string>
#include <string_view>

namespace intercept {

// What a ninja that writes to gg's own standard output shows of what a command of this environment wrote:
// whole lines, and where that is no terminal, without colours (ninja's manual, "CLICOLOR_FORCE").
[[nodiscard]] std::string as_ninja_shows(std::string_view written,
                                         const std::map<std::string, std::string>& environment);

}  // namespace intercept
