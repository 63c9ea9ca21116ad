#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

using ConfigLines = std::vector<std::pair<std::string, std::string>>;  // key, and value as TOML has it

// The text of a config file in which the table [NAME] holds just these lines: the user's own text around it
// stays as it is, comments and order included. None: the table goes.
[[nodiscard]] std::string with_table(std::string_view text, const std::string& name,
                                     const ConfigLines& lines);

// "…", with what TOML wants escaped.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace cli
