#pragma once

#include <string>
#include <string_view>
#include <vector>

// Paths as bytes. Nothing here looks at the file system, so nothing folds "..": across a symlink that would
// name another file.
namespace model {

// `path` itself if absolute, else below `directory`.
[[nodiscard]] std::string absolute(std::string_view directory, std::string_view path);

// What stands before the last slash ("/" for "/a", "" for "a").
[[nodiscard]] std::string parent_of(std::string_view path);

[[nodiscard]] std::string_view base_name(std::string_view path);

// From the last dot of the base name on ("" if it has none): ".c".
[[nodiscard]] std::string_view extension(std::string_view path);

// The base name less its extension.
[[nodiscard]] std::string_view stem(std::string_view path);

// The parts of PATH and its like, between colons; empty ones, too, but for one behind the last colon.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

// How a process in `directory` (absolute, a real path: no symlinks, no "..") may call the absolute `path`.
[[nodiscard]] std::string relative_to(std::string_view directory, std::string_view path);

// Whatever is written there is gone.
inline constexpr std::string_view kNowhere = "/dev/null";

// Something that is written to and is no file, but for kNowhere: a device, or "-" for standard output.
[[nodiscard]] bool is_stream(std::string_view path);

}  // namespace model
