#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// The folders of a list like PATH, absolute if `working_directory` is, which an empty part stands for (POSIX,
// Base Definitions 8.3). At least one: an empty list has one part.
[[nodiscard]] std::vector<std::string> search_folders(std::string_view list,
                                                      const std::string& working_directory);

// The same list with nothing left to the working directory.
[[nodiscard]] std::string absolute_search_path(std::string_view list, const std::string& working_directory);

// The program that execvp would take for `name`: `name` itself where it has a slash, else the first
// executable file of that name in the search_folders of `path`. Absolute if `working_directory` is. Nullopt:
// no folder has one.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name, const std::string& path,
                                                      const std::string& working_directory);

}  // namespace base
