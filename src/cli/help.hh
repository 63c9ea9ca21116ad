#pragma once

#include <string_view>

namespace cli {

// The text of src/cli/<command>.md, embedded by cmake/Help.cmake; "gg" is the overview. Empty when there is
// none.
[[nodiscard]] std::string_view help_text(std::string_view command);

}  // namespace cli
