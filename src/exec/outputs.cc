#include "exec/outputs.hh"

#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "exec/container_files.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <vector>

namespace exec {

namespace {

using base::UniqueFd;
using object::Entry;

class Collector {
 public:
  explicit Collector(object::Store& store) : store_(store) {}

  Expected<Entry> entry(const UniqueFd& place, const std::string& path) {
    struct stat status {};

    if (::fstat(place.get(), &status) != 0) {
      return system_failure("look at the output", path);
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
        return file(place, path, (status.st_mode & S_IXUSR) != 0);
      case S_IFDIR:
        return directory(place, path);
      case S_IFLNK:
        return symlink(place, path);
      default:
        return failure({"the output " + base::shell_quoted(path) +
                            " is neither file, directory nor symlink, so it cannot be kept",
                        base::FailureKind::Deterministic});
    }
  }

 private:
  Expected<Entry> file(const UniqueFd& place, const std::string& path, bool executable) {
    const UniqueFd fd = reopen(place, O_RDONLY, 0600U | (executable ? 0100U : 0U));
    if (!fd) {
      return system_failure("open the output", path);
    }
    const base::Result<object::Digest> digest = store_.put_file(fd.get(), path);
    if (!digest) {
      return failure(digest.error());
    }
    return Entry(object::File{*digest, executable});
  }

  Expected<Entry> symlink(const UniqueFd& place, const std::string& path) {
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(place.get(), "", target.data(), target.size());
    if (size < 0) {
      return system_failure("read the output", path);
    }
    target.resize(static_cast<size_t>(size));
    return Entry(object::Symlink{std::move(target)});
  }

  Expected<Entry> directory(const UniqueFd& place, const std::string& path) {
    const Listing listing = list(place);
    if (!listing) {
      return system_failure("open the output", path);
    }
    const int at = ::dirfd(listing.get());
    object::Directory result;
    while (const dirent* const found = ::readdir(listing.get())) {
      const std::string name = found->d_name;
      if (name == "." || name == "..") {
        continue;
      }
      Expected<Entry> child = child_of(at, name, path + "/" + name);
      if (!child) {
        return child;
      }
      result.entries.emplace(name, std::move(*child));
    }
    const base::Result<object::Digest> digest = store_.put(object::encode(result));
    if (!digest) {
      return failure(digest.error());
    }
    return Entry(object::Subdirectory{*digest, false});
  }

  Expected<Entry> child_of(int directory_fd, const std::string& name, const std::string& path) {
    UniqueFd child(::openat(directory_fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!child && errno == EACCES && ::fchmod(directory_fd, 0700) == 0) {
      child.reset(::openat(directory_fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!child) {
      return system_failure("open the output", path);
    }
    return entry(child, path);
  }

  object::Store& store_;
};

}  // namespace

Expected<std::optional<Entry>> collect(int root, const std::string& path, object::Store& store) {
  const UniqueFd place = open_in_root(root, path);
  if (!place && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return std::nullopt;
  }
  if (!place) {
    return system_failure("open the output", path);
  }
  Expected<Entry> found = Collector(store).entry(place, path);
  if (!found) {
    return tl::unexpected<Failure>(found.error());
  }
  return std::optional<Entry>(std::move(*found));
}

}  // namespace exec
