#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// The file to execute for argv[0]: a name without a slash is looked for along the PATH of the command's own
// environment (as the Remote Execution API has it), which leaves argv[0] as the program itself prints it.
// Itself when it is nowhere, so that the failure names it. Looks in the calling process's root.
inline std::string program_path(const std::string& name, const std::vector<std::string>& environment) {
  constexpr std::string_view kPath = "PATH=";
  if (name.find('/') != std::string::npos) {
    return name;
  }
  for (const std::string& variable : environment) {
    if (!variable.starts_with(kPath)) {
      continue;
    }
    std::string_view rest = std::string_view(variable).substr(kPath.size());
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      std::string path = std::string(rest.substr(0, colon)) + "/" + name;
      rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
      if (path.starts_with('/') && ::access(path.c_str(), X_OK) == 0) {
        return path;
      }
    }
  }
  return name;
}

}  // namespace sandbox
