#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// All that the pattern (glob(3)) leads to, sorted; a trailing '/' asks for directories, whose paths end in
// one.
[[nodiscard]] std::vector<std::string> matching_paths(const std::string& pattern);

// A pattern that leads to this very text alone.
[[nodiscard]] std::string literal_for_glob(const std::string& text);

// May the pattern lead to more than one path?
[[nodiscard]] bool has_wildcard(std::string_view pattern);

struct Below {
  std::vector<std::string> files;
  std::vector<std::string> directories;  // itself included
};

// What is in the directory and all below it, symlinks followed: files whose base names fit one of the
// patterns (fnmatch(3); none: all). Nullopt: more than `most` files. A directory that cannot be read counts
// as empty, as it does for a tool without the right to it.
[[nodiscard]] std::optional<Below> all_below(const std::string& directory,
                                             const std::vector<std::string>& patterns, size_t most);

// The files directly in the directory whose names fit, sorted; none where there is no such directory.
[[nodiscard]] std::vector<std::string> files_called(const std::string& directory,
                                                    const std::vector<std::string>& patterns);

[[nodiscard]] bool fits_any(const std::vector<std::string>& patterns, const std::string& name);

}  // namespace model
