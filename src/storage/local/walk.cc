#include "storage/local/walk.hh"

#include "base/errors.hh"
#include "base/unique_fd.hh"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>

namespace storage {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

void visit(const std::string& folder, const std::string& fan, const std::string& name,
           const Visitor& visitor) {
  const std::string path = folder + "/" + fan + "/" + name;

  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return;
    }
    throw base::SyscallError("look at", path);
  }
  const auto hash = hash_of_name(fan, name);
  if (hash && S_ISREG(status.st_mode)) {
    visitor.object({*hash, path, status});
  } else {
    visitor.stranger(path);
  }
}

bool is_fan_out_folder(const std::string& path) {
  struct stat status {};

  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
  base::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) {
      return {};
    }
    throw base::SyscallError("open directory", directory);
  }
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (!stream) {
    throw base::SyscallError("open directory", directory);
  }
  (void)fd.release();  // the stream closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
    errno = 0;
  }
  if (errno != 0) {
    throw base::SyscallError("list directory", directory);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void walk_objects(const std::string& folder, const Visitor& visitor) {
  for (const std::string& fan : names_in(folder)) {
    const std::string path = fmt::format("{}/{}", folder, fan);
    if (!is_fan_out_folder(path)) {
      visitor.stranger(path);
      continue;
    }
    for (const std::string& name : names_in(path)) {
      visit(folder, fan, name, visitor);
    }
  }
}

}  // namespace storage
