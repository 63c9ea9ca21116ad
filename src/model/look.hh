#pragma once

#include "model/model.hh"

namespace model {

// What stands at the absolute path with symlinks at its end followed: File, Promise, Subdirectory, or
// nullopt.
[[nodiscard]] base::Result<std::optional<object::Entry>> look_through(View& view, const std::string& path);

// Does something stand at the absolute path that a tool would write through, or fail at, where it replaces a
// plain file: a symlink, a directory, a device?
[[nodiscard]] bool is_written_through(const std::string& path);

// Would a file that is made anew at the absolute path, under this umask, look like the one there: its mode,
// and an owner that is us? Tools that rewrite a file in place keep what it has, and an output is a new file.
[[nodiscard]] bool has_ordinary_mode(const std::string& path, mode_t mask);

// Hard links: all names of a file that is changed in place change.
[[nodiscard]] bool has_other_names(const std::string& path);

// Placeholders have the mode of what they stand for.
[[nodiscard]] bool is_executable(const std::string& path);

}  // namespace model
