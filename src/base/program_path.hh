#pragma once

#include <optional>
#include <string>

namespace base {

// The program that execvp would take for `name`: `name` itself where it has a slash, else the first
// executable file of that name in the folders of `path` (colons between; an empty one is the working
// directory). Absolute if `working_directory` is. Nullopt: no folder has one.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name, const std::string& path,
                                                      const std::string& working_directory);

}  // namespace base
