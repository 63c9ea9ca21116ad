#include "model/libraries.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "model/elf.hh"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace model {

namespace {

void read_loader_config(const std::string& path, std::vector<std::string>& directories, int depth) {
  const auto text = base::read_file_if_there(path);
  if (!text || depth > 4) {
    return;
  }
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    line.erase(line.find_last_not_of(" \t") + 1);
    if (line.starts_with("include ")) {
      const std::filesystem::path pattern(line.substr(line.find_first_not_of(' ', 8)));
      std::vector<std::string> files;
      std::error_code error;
      for (const auto& entry : std::filesystem::directory_iterator(pattern.parent_path(), error)) {
        if (entry.path().extension() == pattern.extension()) {
          files.push_back(entry.path().string());
        }
      }
      std::sort(files.begin(), files.end());
      for (const std::string& file : files) {
        read_loader_config(file, directories, depth + 1);
      }
    } else if (line.starts_with('/')) {
      directories.push_back(line);
    }
  }
}

std::string replace_origin(std::string directory, const std::string& library) {
  for (const char* name : {"$ORIGIN", "${ORIGIN}"}) {
    if (const size_t found = directory.find(name); found != std::string::npos) {
      directory.replace(found, std::string(name).size(),
                        std::filesystem::path(library).parent_path().string());
    }
  }
  return directory;
}

std::optional<std::string> find_in(const std::vector<std::string>& directories, const std::string& name,
                                   const std::string& wanted_by) {
  for (const std::string& directory : directories) {
    std::string path = replace_origin(directory, wanted_by) + "/" + name;
    if (::access(path.c_str(), R_OK) == 0) {
      return path;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> system_library_directories() {
  std::vector<std::string> directories;
  read_loader_config("/etc/ld.so.conf", directories, 0);
  for (const char* builtin :
       {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
    directories.emplace_back(builtin);
  }
  return directories;
}

std::set<std::string> loader_closure(const std::string& program,
                                     const std::vector<std::string>& library_directories) {
  std::set<std::string> closure;
  std::set<std::string> names;
  std::vector<std::string> open{program};
  while (!open.empty()) {
    const std::string file = open.back();
    open.pop_back();
    // $ORIGIN is that of the real file.
    const auto needs = read_elf_needs(file);
    if (!needs) {
      continue;
    }
    if (!needs->interpreter.empty()) {
      closure.insert(needs->interpreter);
    }
    for (const std::string& name : needs->libraries) {
      if (!names.insert(name).second) {
        continue;
      }
      auto found = find_in(needs->runpath, name, std::filesystem::canonical(file).string());
      found = found ? found : find_in(library_directories, name, file);
      if (!found) {
        throw base::OperatorError("'" + file + "' needs the library '" + name +
                                  "', which is in no library directory");
      }
      closure.insert(*found);
      open.push_back(*found);
    }
  }
  return closure;
}

}  // namespace model
