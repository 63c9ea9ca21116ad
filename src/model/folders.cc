#include "model/folders.hh"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace model {

namespace {

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const Listing listing(::opendir(directory.c_str()), ::closedir);
  while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string> matching_paths(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

std::string literal_for_glob(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

bool has_wildcard(std::string_view pattern) {
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (std::string_view("*?[").find(pattern[at]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::optional<Below> all_below(const std::string& directory, const std::vector<std::string>& patterns,
                               size_t most) {
  Below below;
  std::vector<std::string> left{directory};
  std::set<std::pair<dev_t, ino_t>> seen;  // a symlink may lead back up
  while (!left.empty()) {
    const std::string folder = std::move(left.back());
    left.pop_back();

    struct stat status {};

    if (::stat(folder.c_str(), &status) != 0) {
      continue;
    }
    below.directories.push_back(folder);
    if (!seen.emplace(status.st_dev, status.st_ino).second) {
      continue;  // its files are there by the name that was seen first
    }
    for (const std::string& name : names_in(folder)) {
      const std::string path = folder + (folder.ends_with('/') ? "" : "/") + name;
      if (::stat(path.c_str(), &status) != 0) {
        continue;  // a dangling symlink leads nowhere for the tool either
      }
      if (S_ISDIR(status.st_mode)) {
        left.push_back(path);
      } else if (S_ISREG(status.st_mode) && (patterns.empty() || fits_any(patterns, name))) {
        below.files.push_back(path);
        if (below.files.size() > most) {
          return std::nullopt;
        }
      }
    }
  }
  return below;
}

std::vector<std::string> files_called(const std::string& directory,
                                      const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  for (const std::string& name : names_in(directory)) {
    if (fits_any(patterns, name)) {
      files.push_back(directory + "/" + name);
    }
  }
  return files;
}

bool fits_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace model
