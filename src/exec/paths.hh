#pragma once

#include "ir/thunk.hh"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace exec {

// `path`, relative to `working_directory`, as a path below the root, without "." and ".."; "" is the root.
// nullopt if it leads out of the root or is absolute.
[[nodiscard]] std::optional<std::string> below_root(std::string_view working_directory,
                                                    std::string_view path);

// Of a path below the root; "" for what stands in the root itself.
[[nodiscard]] std::string parent_of(std::string_view path);

// Is it `top`, or something in it? Everything is in "", the root.
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view top);

// The declared output paths and what they are below the root; an error names the one that cannot be.
[[nodiscard]] base::Result<std::map<std::string, std::string>> output_places(const ir::Command& command);

}  // namespace exec
