#include "exec/placing.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace exec {

namespace {

// The mtime of every input, 2000-01-01 UTC, which is also that of every object in the local store. Part of
// what a command sees: changing it changes outputs that hold mtimes.
constexpr int64_t kInputMtimeSeconds = 946'684'800;

tl::unexpected<Failure> system_failure(const std::string& attempt, const std::string& path) {
  return failure({attempt + " '" + path + "': " + std::strerror(errno), base::FailureKind::RetryElsewhere});
}

Expected<void> place_file(const Node& node, const std::string& path, object::FileStore& store) {
  using Placing = object::FileStore::Placing;
  const bool copy = node.writable || node.repeat != 0;
  const base::Result<bool> placed =
      store.place(node.digest, node.executable, path, copy ? Placing::Copy : Placing::HardLink);
  if (!placed) {
    return failure(placed.error());
  }
  if (!*placed) {
    return lost(node.digest, "'/" + node.path + "',");
  }
  if (!copy) {
    return {};
  }
  const mode_t mode = (node.executable ? 0555U : 0444U) | (node.writable ? 0200U : 0U);
  const timespec time{kInputMtimeSeconds + node.repeat, 0};
  const std::array<timespec, 2> times{time, time};
  if (::chmod(path.c_str(), mode) != 0 || ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) {
    return system_failure("set mode and time of", path);
  }
  return {};
}

}  // namespace

Expected<void> put_in_place(const Node& node, const std::string& path, object::FileStore& store) {
  switch (node.kind) {
    case Node::Kind::Directory:
      if (::mkdir(path.c_str(), 0755) != 0) {
        return system_failure("create directory", path);
      }
      return {};
    case Node::Kind::Symlink:
      if (::symlink(node.target.c_str(), path.c_str()) != 0) {
        return system_failure("create symlink", path);
      }
      return {};
    case Node::Kind::File:
      return place_file(node, path, store);
  }
  return {};
}

}  // namespace exec
