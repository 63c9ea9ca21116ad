#pragma once

#include <toml++/toml.h>

#include <string>

// For the sources that read what users write in TOML; for no header but this one.
namespace cli {

// An OperatorError: "file:line: why", with the line where the node stands.
[[noreturn]] void refuse(const std::string& file, const toml::node& where, const std::string& why);

// `file` is for messages. What is no TOML, or not UTF-8, is an OperatorError that says where.
[[nodiscard]] toml::table parse_toml(const std::string& text, const std::string& file);

}  // namespace cli
