#pragma once

#include <map>
#include <string>
#include <vector>

namespace cli {

using Environment = std::map<std::string, std::string>;

// NAME=value.
[[nodiscard]] std::vector<std::string> environment_words(const Environment& environment);

// This process's own, read once in main and handed down: nothing below calls getenv.
[[nodiscard]] Environment this_environment();

// Where gg keeps things (XDG Base Directory specification 0.8).
struct Places {
  std::string store;   // $XDG_CACHE_HOME/gg: objects, memos, run journals
  std::string config;  // $XDG_CONFIG_HOME/gg/config.toml
  std::string tools;   // $XDG_CONFIG_HOME/gg/tools: descriptions of tools
};

// Throws base::OperatorError when neither the XDG variables nor HOME say where.
[[nodiscard]] Places default_places(const Environment& environment);

// The absolute form of a path the user typed; "." and ".." are left to the kernel.
[[nodiscard]] std::string absolute_path(const std::string& path);

}  // namespace cli
