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
  Collector(object::Store& store, const ir::Returned& returned, const base::StillWanted& wanted)
      : store_(store), returned_(returned), wanted_(wanted) {}

  // What was returned at or below `path`, where the command has made nothing.
  Expected<std::optional<Entry>> returned(const std::string& path) {
    const auto promise = returned_.find(path);
    const bool below = is_returned_below(path);
    if (promise != returned_.end() && below) {
      return twice(path);
    }
    if (promise != returned_.end()) {
      return std::optional<Entry>(promise->second);
    }
    if (!below) {
      return std::nullopt;
    }
    return directory({}, path).map([](Entry&& entry) { return std::optional<Entry>(std::move(entry)); });
  }

  // What the command has made.
  Expected<Entry> entry(const UniqueFd& place, const std::string& path) {
    struct stat status {};

    if (!base::is_wanted(wanted_)) {
      return failure({"the outputs are not wanted any more", base::FailureKind::RetryHere});
    }
    if (::fstat(place.get(), &status) != 0) {
      return system_failure("look at the output", path);
    }
    if (returned_.count(path) != 0 || (!S_ISDIR(status.st_mode) && is_returned_below(path))) {
      return twice(path);
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFREG:
        return file(place, path, status);
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
  Expected<Entry> file(const UniqueFd& place, const std::string& path, const struct stat& status) {
    if (static_cast<uint64_t>(status.st_size) > kMostBytes) {
      return failure({"the output " + base::shell_quoted(path) + " has " + std::to_string(status.st_size) +
                          " bytes, and no file of more than " + std::to_string(kMostBytes) +
                          " is kept; make it smaller, or several of it",
                      base::FailureKind::Deterministic});
    }
    const bool executable = (status.st_mode & S_IXUSR) != 0;
    const UniqueFd fd = reopen(place, O_RDONLY, 0600U | (executable ? 0100U : 0U));
    if (!fd) {
      return system_failure("open the output", path);
    }
    const base::Result<object::Digest> digest = store_.put_file(fd.get(), path, wanted_);
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
    object::Directory result;
    if (place) {
      if (Expected<void> found = add_found(place, path, result); !found) {
        return tl::unexpected<Failure>(found.error());
      }
    }
    if (Expected<void> added = add_returned(path, result); !added) {
      return tl::unexpected<Failure>(added.error());
    }
    const base::Result<object::Digest> digest = store_.put(object::encode(result));
    if (!digest) {
      return failure(digest.error());
    }
    return Entry(object::Subdirectory{*digest, result.owes()});
  }

  Expected<void> add_found(const UniqueFd& place, const std::string& path, object::Directory& result) {
    const Listing listing = list(place);
    if (!listing) {
      return system_failure("open the output", path);
    }
    const int at = ::dirfd(listing.get());
    while (const dirent* const found = ::readdir(listing.get())) {
      const std::string name = found->d_name;
      if (name == "." || name == "..") {
        continue;
      }
      Expected<Entry> child = child_of(at, name, path + "/" + name);
      if (!child) {
        return tl::unexpected<Failure>(child.error());
      }
      result.entries.emplace(name, std::move(*child));
    }
    return {};
  }

  // What was returned below `path` and is not there yet.
  Expected<void> add_returned(const std::string& path, object::Directory& result) {
    const std::string prefix = path + "/";
    for (auto it = returned_.lower_bound(prefix); it != returned_.end() && it->first.starts_with(prefix);) {
      const std::string name =
          it->first.substr(prefix.size(), it->first.find('/', prefix.size()) - prefix.size());
      if (result.entries.count(name) == 0) {
        Expected<std::optional<Entry>> entry = returned(prefix + name);
        if (!entry) {
          return tl::unexpected<Failure>(entry.error());
        }
        result.entries.emplace(name, std::move(entry->value()));
      }
      const bool is_below = it->first.size() > prefix.size() + name.size();
      it = is_below ? returned_.lower_bound(prefix + name + kAfterSlash) : std::next(it);
    }
    return {};
  }

  [[nodiscard]] bool is_returned_below(const std::string& path) const {
    const auto next = returned_.lower_bound(path + "/");
    return next != returned_.end() && next->first.starts_with(path + "/");
  }

  static tl::unexpected<Failure> twice(const std::string& path) {
    return failure({"at the output " + base::shell_quoted(path) +
                        " stand both a promise that the process returned and something else",
                    base::FailureKind::Deterministic});
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

  static constexpr char kAfterSlash = '/' + 1;

  // A file with holes costs its maker nothing, whatever its size, but whoever keeps it reads and writes it
  // all.
  static constexpr uint64_t kMostBytes = 64ULL << 30U;

  object::Store& store_;
  const ir::Returned& returned_;
  const base::StillWanted& wanted_;
};

}  // namespace

Expected<std::optional<Entry>> collect(int root, const std::string& path, object::Store& store,
                                       const ir::Returned& returned, const base::StillWanted& wanted) {
  const UniqueFd place = open_in_root(root, path);
  Collector collector(store, returned, wanted);
  if (!place && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return collector.returned(path);
  }
  if (!place) {
    return system_failure("open the output", path);
  }
  return collector.entry(place, path).map([](Entry&& entry) {
    return std::optional<Entry>(std::move(entry));
  });
}

}  // namespace exec
