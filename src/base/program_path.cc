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

std::vector<std::string> search_folders(std::string_view list, const std::string& working_directory) {
  std::vector<std::string> folders;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(':', at), list.size());
    const std::string folder(list.substr(at, end - at));
    folders.push_back(folder.empty()          ? working_directory
                      : folder.front() == '/' ? folder
                                              : working_directory + "/" + folder);
    at = end + 1;
  }
  return folders;
}

std::string absolute_search_path(std::string_view list, const std::string& working_directory) {
  std::string path;
  for (const std::string& folder : search_folders(list, working_directory)) {
    path += (path.empty() ? "" : ":") + folder;
  }
  return path;
}

std::optional<std::string> find_program(const std::string& name, const std::string& path,
                                        const std::string& working_directory) {
  if (name.find('/') != std::string::npos) {
    return name[0] == '/' ? name : working_directory + "/" + name;
  }
  for (const std::string& folder : search_folders(path, working_directory)) {
    if (is_executable_file(folder + "/" + name)) {
      return folder + "/" + name;
    }
  }
  return std::nullopt;
}

}  // namespace base
