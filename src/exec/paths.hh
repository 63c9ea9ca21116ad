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

// The declared output paths and what they are below the root; an error names the one that cannot be.
[[nodiscard]] base::Result<std::map<std::string, std::string>> output_places(const ir::Command& command);

}  // namespace exec
