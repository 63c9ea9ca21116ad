#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Which entries of a directory are taken. Patterns are shell globs: '*' and '?' match no '/', "**" matches
// anything, [..] one byte. Without a '/' a pattern is about the last name, with one about the path below the
// directory.
struct FileFilter {
  std::vector<std::string> include;  // files: if there is any, at least one has to match
  std::vector<std::string> exclude;  // files and directories with all in them; wins

  // `path` is below the directory: "src/a.c".
  [[nodiscard]] bool takes_file(std::string_view path) const;
  [[nodiscard]] bool enters(std::string_view path) const;
};

[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace cli
