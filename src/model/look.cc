#include "model/look.hh"

#include "model/paths.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace model {

base::Result<std::optional<object::Entry>> View::at(const std::string& path) {
  auto seen = see(path);
  if (!seen) {
    return tl::unexpected(std::move(seen.error()));
  }
  return *seen ? std::optional((*seen)->entry) : std::nullopt;
}

base::Result<std::optional<object::Entry>> look_through(View& view, const std::string& path) {
  constexpr int kMostSymlinks = 40;  // path_resolution(7)
  std::string at = path;
  for (int hops = 0; hops < kMostSymlinks; ++hops) {
    auto entry = view.at(at);
    const auto* link = entry && *entry ? std::get_if<object::Symlink>(&**entry) : nullptr;
    if (link == nullptr) {
      return entry;
    }
    at = absolute(parent_of(at), link->target);
  }
  return std::nullopt;
}

bool is_written_through(const std::string& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    return errno != ENOENT && errno != ENOTDIR;
  }
  return !S_ISREG(status.st_mode);
}

bool has_ordinary_mode(const std::string& path, mode_t mask) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid() || status.st_gid != ::getegid()) {
    return false;
  }
  const mode_t mode = status.st_mode & 07777U;
  return mode == (0777U & ~mask) || mode == (0666U & ~mask);
}

bool has_other_names(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && status.st_nlink > 1;
}

bool is_executable(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

}  // namespace model
