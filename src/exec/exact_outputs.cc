#include "exec/exact_outputs.hh"

#include "base/quote.hh"
#include "base/unique_fd.hh"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

namespace exec {

namespace {

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string in(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

// The path and all that it lies in.
void account_for(std::set<std::string>& paths, std::string path) {
  while (!path.empty() && paths.insert(path).second) {
    path = parent_of(path);
  }
}

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;

Listing list(int root, const std::string& directory) {
  base::UniqueFd fd(::openat(root, directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  Listing listing(fd ? ::fdopendir(fd.get()) : nullptr, ::closedir);
  if (listing) {
    (void)fd.release();
  }
  return listing;
}

std::optional<std::string> undeclared_file(int root, const Layout& layout, const OutputPaths& outputs,
                                           const std::string& working_directory) {
  std::set<std::string> watched{working_directory};
  for (const std::string& output : outputs) {
    watched.insert(parent_of(output));
  }
  watched.erase("");     // the container's own /dev, /proc and /tmp stand there
  watched.erase("tmp");  // scratch files
  std::set<std::string> accounted;
  for (const std::string& directory : watched) {
    account_for(accounted, directory);
  }
  for (const std::string& output : outputs) {
    account_for(accounted, output);
  }
  for (const Node& node : layout) {
    if (watched.contains(parent_of(node.path))) {
      accounted.insert(node.path);
    }
  }
  for (const std::string& directory : watched) {
    const Listing listing = list(root, directory);
    while (const dirent* found = listing ? ::readdir(listing.get()) : nullptr) {
      const std::string name = found->d_name;
      if (name != "." && name != ".." && !accounted.contains(in(directory, name))) {
        return in(directory, name);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> odd_mode(int root, const OutputPaths& outputs) {
  for (const std::string& output : outputs) {
    struct stat status {};

    if (::fstatat(root, output.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)) {
      const mode_t mode = status.st_mode & 07777U;
      if (mode != 0644 && mode != 0755) {
        return fmt::format("gave {} the mode {:04o}", base::shell_quoted("/" + output), mode);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> excess(int root, const Layout& layout, const OutputPaths& outputs,
                                  const std::string& working_directory) {
  if (const auto file = undeclared_file(root, layout, outputs, working_directory)) {
    return "made " + base::shell_quoted("/" + *file);
  }
  return odd_mode(root, outputs);
}

}  // namespace exec
