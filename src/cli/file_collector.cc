#include "cli/file_collector.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <vector>

namespace cli {

namespace {

std::vector<std::string> names_in(const std::string& path) {
  struct Close {
    void operator()(DIR* listing) const { ::closedir(listing); }
  };

  const std::unique_ptr<DIR, Close> listing(::opendir(path.c_str()));
  if (!listing) {
    throw base::SyscallError("open directory", path);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* const found = ::readdir(listing.get())) {
    const std::string name = found->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
    errno = 0;
  }
  if (errno != 0) {
    throw base::SyscallError("read directory", path);
  }
  return names;
}

[[noreturn]] void refuse_special(const std::string& path) {
  throw base::OperatorError("'" + base::printable(path) +
                            "' is neither file, directory nor symlink, so it cannot be kept");
}

object::Entry symlink_at(const std::string& path) {
  auto target = base::link_target(path);
  if (!target) {
    throw base::SyscallError("read link", path);
  }
  return object::Symlink{*std::move(target)};
}

// The empty directory is no bytes at all.
bool is_bare(const object::Entry& entry) {
  return std::get<object::Subdirectory>(entry).digest.size() == 0;
}

}  // namespace

object::Entry FileCollector::collect(const std::string& path, const FileFilter& filter) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    throw base::SyscallError("look at", path);
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return file(path, status);
    case S_IFDIR:
      return directory(path, "", filter);
    default:
      refuse_special(path);
  }
}

object::Entry FileCollector::file(const std::string& path, const struct stat& status) {
  if (placeholder_) {
    if (auto promise = placeholder_(path, status)) {
      return *std::move(promise);
    }
  }
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    throw base::SyscallError("open", path);
  }
  return object::File{base::value_or_throw(store_.put_file(fd.get(), path)), (status.st_mode & S_IXUSR) != 0};
}

object::Entry FileCollector::directory(const std::string& path, const std::string& below,
                                       const FileFilter& filter) {
  object::Directory result;
  for (const std::string& name : names_in(path)) {
    add(result, path + "/" + name, below + name, filter);
  }
  return object::Subdirectory{base::value_or_throw(store_.put(object::encode(result))), result.owes()};
}

void FileCollector::add(object::Directory& directory_here, const std::string& path, const std::string& below,
                        const FileFilter& filter) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    throw base::SyscallError("look at", path);
  }
  const std::string name = path.substr(path.rfind('/') + 1);
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR: {
      if (!filter.enters(below)) {
        return;
      }
      const object::Entry entry = directory(path, below + "/", filter);
      if (filter.include.empty() || !is_bare(entry)) {
        directory_here.entries.emplace(name, entry);
      }
      return;
    }
    case S_IFREG:
      if (filter.takes_file(below)) {
        directory_here.entries.emplace(name, file(path, status));
      }
      return;
    case S_IFLNK:
      if (filter.takes_file(below)) {
        directory_here.entries.emplace(name, symlink_at(path));
      }
      return;
    default:
      if (filter.takes_file(below)) {
        refuse_special(path);
      }
  }
}

}  // namespace cli
