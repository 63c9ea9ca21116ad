#include "base/program_path.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace base {

namespace {

bool is_executable_file(const std::string& path) {
  struct stat status {};

  return ::access(path.c_str(), X_OK) == 0 && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::optional<std::string> find_program(const std::string& name, const std::string& path,
                                        const std::string& working_directory) {
  if (name.find('/') != std::string::npos) {
    return name[0] == '/' ? name : working_directory + "/" + name;
  }
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    const std::string folder = at == end ? working_directory : path.substr(at, end - at);
    if (is_executable_file(folder + "/" + name)) {
      return folder + "/" + name;
    }
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace base
