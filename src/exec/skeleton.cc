#include "exec/skeleton.hh"

#include "base/files.hh"
#include "base/quote.hh"
#include "base/skeleton.hh"
#include "exec/paths.hh"
#include "exec/placing.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace exec {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWritable = "tmp";
constexpr std::string_view kBelow = std::string_view(base::kSkeletonTree).substr(1);
constexpr std::array<std::string_view, 2> kKernels{"proc", "sys"};

bool is_kernels(std::string_view path) {
  return path == "dev" || base::is_below_dev("/" + std::string(path)) ||
         std::any_of(kKernels.begin(), kKernels.end(),
                     [&](std::string_view top) { return is_at_or_below(path, top); });
}

tl::unexpected<Failure> refused(const std::string& path, const std::string& why) {
  return failure({"this worker's root " + why + " " + base::shell_quoted("/" + path) +
                      ", which the command needs; make its image anew where that stands at the top",
                  base::FailureKind::RetryElsewhere});
}

tl::unexpected<Failure> system_failure(const std::string& attempt, const std::string& path) {
  return failure({attempt + " '" + path + "': " + std::strerror(errno), base::FailureKind::RetryElsewhere});
}

// "a", "a/b", "a/b/c"
std::vector<std::string> prefixes(const std::string& path) {
  std::vector<std::string> found;
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    found.push_back(path.substr(0, slash));
  }
  if (!path.empty()) {
    found.push_back(path);
  }
  return found;
}

}  // namespace

bool Skeleton::is_here() {
  return base::link_target("/usr") == "/" + std::string(kBelow) + "/usr";
}

Skeleton::Kind Skeleton::kind_of(const std::string& path) {
  const auto known = kinds_.find(path);
  if (known != kinds_.end()) {
    return known->second;
  }
  const std::string here = root_ + "/" + path;

  struct stat status {};

  Kind kind = Kind::Neither;
  if (::lstat(here.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    kind = Kind::Directory;
  } else if (base::link_target(here) == "/" + std::string(kBelow) + "/" + path) {
    kind = Kind::Link;
  }
  return kinds_.emplace(path, kind).first->second;
}

// Empty: a directory of the root itself, which is there.
Expected<std::string> Skeleton::place_of(const std::string& path) {
  for (const std::string& prefix : prefixes(path)) {
    if (prefix == kWritable) {
      const bool is_ours = is_at_or_below(path, kBelow) ||
                           std::any_of(kept_.begin(), kept_.end(), [&](const std::string& name) {
                             return is_at_or_below(path, std::string(kWritable) + "/" + name);
                           });
      if (is_ours) {
        return refused(path, "uses for itself");
      }
      return path == kWritable ? "" : root_ + "/" + path;
    }
    switch (kind_of(prefix)) {
      case Kind::Link:
        return root_ + "/" + std::string(kBelow) + "/" + path;
      case Kind::Directory:
        break;
      case Kind::Neither:
        return refused(path, "has no place for");
    }
  }
  return "";
}

Expected<void> Skeleton::make_directory(const std::string& path) {
  Expected<std::string> place = place_of(path);
  if (!place) {
    return tl::unexpected(std::move(place.error()));
  }
  if (place->empty()) {
    if (is_at_or_below(path, kWritable)) {
      return {};
    }
    *place = root_ + "/" + std::string(kBelow) + "/" + path;  // what is laid out in it lies there
  }
  if (::mkdir(place->c_str(), 0755) != 0 && errno != EEXIST) {
    return system_failure("create directory", *place);
  }
  return {};
}

// So that "../../tmp" leads where it would.
Expected<void> Skeleton::link_to_real_directories() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_ + "/", error)) {
    const std::string name = entry.path().filename().string();
    const std::string link = root_ + "/" + std::string(kBelow) + "/" + name;
    if (entry.is_directory(error) && !entry.is_symlink(error) &&
        ::symlink(("/" + name).c_str(), link.c_str()) != 0 && errno != EEXIST) {
      return system_failure("create symlink", link);
    }
  }
  return {};
}

Expected<void> Skeleton::lay_out(const Layout& layout, const std::vector<std::string>& directories,
                                 object::FileStore& store) {
  const std::string below = root_ + "/" + std::string(kBelow);
  if (::mkdir(below.c_str(), 0755) != 0) {
    return system_failure("create directory", below);
  }
  for (const Node& node : layout) {
    if (is_kernels(node.path)) {
      continue;  // theirs hide it, as in a container
    }
    if (node.kind == Node::Kind::Directory) {
      if (auto made = make_directory(node.path); !made) {
        return made;
      }
      continue;
    }
    Expected<std::string> place = place_of(node.path);
    if (!place) {
      return tl::unexpected(std::move(place.error()));
    }
    if (place->empty()) {
      return refused(node.path, "has a directory at");
    }
    if (auto put = put_in_place(node, *place, store); !put) {
      return put;
    }
  }
  for (const std::string& directory : directories) {
    for (const std::string& path : prefixes(directory.substr(1))) {
      if (auto made = make_directory(path); !made) {
        return made;
      }
    }
  }
  return link_to_real_directories();
}

base::Result<void> Skeleton::clear() const {
  std::string left;
  for (const std::string folder : {"/tmp", "/dev/shm"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_ + folder, error)) {
      const std::string name = entry.path().filename().string();
      const bool is_kept = folder == "/tmp" && std::find(kept_.begin(), kept_.end(), name) != kept_.end();
      if (!is_kept && !base::remove_tree(entry.path().string())) {
        left = entry.path().string() + ": " + std::strerror(errno);
      }
    }
  }
  return left.empty() ? base::Result<void>()
                      : base::failure("cannot remove what a command has left: " + left,
                                      base::FailureKind::RetryElsewhere);
}

}  // namespace exec
