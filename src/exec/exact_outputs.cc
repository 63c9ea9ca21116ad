#include "exec/exact_outputs.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "exec/container_files.hh"
#include "exec/paths.hh"
#include "object/hash.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <string_view>

namespace exec {

namespace {

using base::UniqueFd;
using Found = Expected<std::optional<std::string>>;

std::string in(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::string sentence(const std::string& verb, const std::string& path) {
  return verb + " " + base::shell_quoted("/" + path);
}

bool is_absence(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

std::string target_of(int directory, const char* name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(directory, name, target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return target;
}

std::string path_of(int fd) {
  return target_of(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str());
}

bool is_directory(const UniqueFd& place) {
  struct stat status {};

  return ::fstat(place.get(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Where a descriptor's directory lies below that of `top`, without symlinks.
std::string real_path(const UniqueFd& place, int top) {
  const std::string above = path_of(top);
  const std::string path = path_of(place.get());
  return path == above ? "" : path.substr(above == "/" ? 1 : above.size() + 1);
}

bool is_at_or_below_one(const std::string& path, const OutputPaths& outputs) {
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const std::string& output) { return is_at_or_below(path, output); });
}

// overlayfs may mark the layer in the upper bits.
bool same_inode(const struct stat& a, const struct stat& b) {
  constexpr ino_t kLower = 0xFFFFFFFFU;
  return (a.st_ino & kLower) == (b.st_ino & kLower);
}

bool is_untouched(const struct stat& was, const struct stat& is) {
  return same_inode(was, is) && was.st_size == is.st_size && was.st_mode == is.st_mode &&
         was.st_mtim.tv_sec == is.st_mtim.tv_sec && was.st_mtim.tv_nsec == is.st_mtim.tv_nsec;
}

class Comparison {
 public:
  Comparison(int root, int laid_out, const Layout& layout)
      : root_(root), laid_out_(laid_out), layout_(layout) {}

  Found undeclared_change(const OutputPaths& outputs, const std::string& working_directory) {
    std::set<std::string> watched{working_directory};
    for (const std::string& output : outputs) {
      watched.insert(parent_of(output));
    }
    for (const std::string& directory : watched) {
      Found found = open(directory);
      if (!found || *found) {
        return found;
      }
    }
    account_for_outputs(outputs);
    for (const auto& [path, place] : places_) {
      if (is_at_or_below_one(path, outputs_)) {
        continue;  // an output taken whole
      }
      const Listing listing = list(place);
      if (!listing) {
        return system_failure("list the command's directory", path);
      }
      Found found = changed_input(path, ::dirfd(listing.get()));
      if (found && !*found) {
        found = more(path, listing);
      }
      if (!found || *found) {
        return found;
      }
    }
    return std::nullopt;
  }

 private:
  // Notes where a watched directory really lies; finds one that is there no more.
  Found open(const std::string& directory) {
    if (is_the_containers(directory)) {
      return std::nullopt;
    }
    const UniqueFd before = follow_in_root(laid_out_, directory);
    if (!before && !is_absence(errno)) {
      return system_failure("open the laid out", directory);
    }
    UniqueFd after = follow_in_root(root_, directory);
    if (!after && !is_absence(errno)) {
      return system_failure("open the command's directory", directory);
    }
    if (!after && (before || errno != ENOENT)) {
      return sentence("removed", directory);
    }
    if (!after) {
      return std::nullopt;  // made for the command only
    }
    std::string path = real_path(after, root_);
    if (!is_directory(after) || (before && path != real_path(before, laid_out_))) {
      return sentence("replaced", directory);
    }
    real_.emplace(directory, path);
    if (!is_the_containers(path)) {
      places_.emplace(std::move(path), std::move(after));
    }
    return std::nullopt;
  }

  // The container's own /dev, /proc and /tmp stand in its root; scratch files in /tmp.
  static bool is_the_containers(const std::string& directory) {
    return directory.empty() || directory == "tmp";
  }

  void account_for_outputs(const OutputPaths& outputs) {
    for (const std::string& output : outputs) {
      const auto parent = real_.find(parent_of(output));
      outputs_.insert(parent == real_.end() ? output
                                            : in(parent->second, output.substr(output.rfind('/') + 1)));
    }
    for (const std::string& output : outputs_) {
      account_for(output);
    }
    for (const auto& [path, place] : places_) {
      account_for(path);
    }
  }

  // The path and all that it lies in.
  void account_for(std::string path) {
    while (!path.empty() && accounted_.insert(path).second) {
      path = parent_of(path);
    }
  }

  Found changed_input(const std::string& directory, int fd) {
    for (const Node& node : layout_) {
      if (parent_of(node.path) != directory || is_at_or_below_one(node.path, outputs_)) {
        continue;
      }
      accounted_.insert(node.path);

      struct stat is {};

      const std::string name = node.path.substr(node.path.rfind('/') + 1);
      if (::fstatat(fd, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? Found(sentence("removed", node.path)) : system_failure("look at", node.path);
      }
      const Expected<bool> same = is_as_laid_out(node, fd, name, is);
      if (!same) {
        return tl::unexpected<Failure>(same.error());
      }
      if (!*same) {
        return sentence("changed", node.path);
      }
    }
    return std::nullopt;
  }

  Expected<bool> is_as_laid_out(const Node& node, int directory, const std::string& name,
                                const struct stat& is) const {
    switch (node.kind) {
      case Node::Kind::Directory:
        return S_ISDIR(is.st_mode);
      case Node::Kind::Symlink:
        return S_ISLNK(is.st_mode) && target_of(directory, name.c_str()) == node.target;
      case Node::Kind::File:
        return S_ISREG(is.st_mode) ? holds(node, directory, name, is) : Expected<bool>(false);
    }
    return false;
  }

  // Reads the file only where its inode tells nothing.
  Expected<bool> holds(const Node& node, int directory, const std::string& name,
                       const struct stat& is) const {
    constexpr mode_t kOthersThanWriting = 0555;

    struct stat was {};

    if (::fstatat(laid_out_, node.path.c_str(), &was, AT_SYMLINK_NOFOLLOW) != 0) {
      return system_failure("look at the laid out", node.path);
    }
    if (is_untouched(was, is)) {
      return true;
    }
    if (was.st_size != is.st_size || ((was.st_mode ^ is.st_mode) & kOthersThanWriting) != 0) {
      return false;
    }
    const UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) {
      return system_failure("open", node.path);
    }
    try {
      return object::hash_file(fd.get(), node.path) == node.digest;
    } catch (const base::SyscallError& error) {
      return failure({error.what(), base::FailureKind::Ours});
    }
  }

  Found more(const std::string& directory, const Listing& listing) const {
    errno = 0;
    while (const dirent* const entry = ::readdir(listing.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != ".." && !accounted_.contains(in(directory, name))) {
        return sentence("made", in(directory, name));
      }
      errno = 0;
    }
    return errno == 0 ? Found(std::nullopt) : system_failure("list the command's directory", directory);
  }

  int root_;
  int laid_out_;
  const Layout& layout_;
  std::map<std::string, std::string> real_;  // watched directories as they are named: where they really lie
  std::map<std::string, UniqueFd> places_;   // the same ones by that path
  OutputPaths outputs_;                      // likewise
  std::set<std::string> accounted_;
};

Found odd_mode(int root, const OutputPaths& outputs) {
  for (const std::string& output : outputs) {
    const UniqueFd place = open_in_root(root, output);
    if (!place && is_absence(errno)) {
      continue;
    }

    struct stat status {};

    if (!place || ::fstat(place.get(), &status) != 0) {
      return system_failure("look at the output", output);
    }
    const mode_t mode = status.st_mode & 07777U;
    if (S_ISREG(status.st_mode) && mode != 0644 && mode != 0755) {
      return fmt::format("gave {} the mode {:04o}", base::shell_quoted("/" + output), mode);
    }
  }
  return std::nullopt;
}

}  // namespace

Found excess(int root, const std::string& laid_out, const Layout& layout, const OutputPaths& outputs,
             const std::string& working_directory) {
  const UniqueFd before(::open(laid_out.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!before) {
    return system_failure("open the laid out", laid_out);
  }
  Found found = Comparison(root, before.get(), layout).undeclared_change(outputs, working_directory);
  return found && !*found ? odd_mode(root, outputs) : found;
}

}  // namespace exec
