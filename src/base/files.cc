#include "base/files.hh"

#include "base/clock.hh"
#include "base/errors.hh"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace base {

namespace {

constexpr size_t kReadChunk = 1U << 16U;

constexpr size_t kLongestName = 255;
constexpr size_t kNameBytes = 10;  // random ones, so that no two that are announced can be the same

// One for each path, so that what a kill leaves is taken over by the next who writes there.
std::string temporary_name_beside(const std::string& path) {
  constexpr std::string_view kStart = ".gg-";
  constexpr std::string_view kEnd = ".tmp";
  const size_t slash = path.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + std::string(kStart) +
         path.substr(name, kLongestName - kStart.size() - kEnd.size()) + std::string(kEnd);
}

bool stands_at(const std::string& path, const struct stat& file) {
  struct stat standing {};

  return ::lstat(path.c_str(), &standing) == 0 && standing.st_dev == file.st_dev &&
         standing.st_ino == file.st_ino;
}

// The temporary, empty and locked against others that write the same file. Theirs may have become that file,
// or have been removed, between our open and our lock.
UniqueFd claim_temporary(const std::string& path, mode_t mode) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) {
      throw SyscallError("create", path);
    }
    while (::flock(fd.get(), LOCK_EX) != 0) {
      if (errno != EINTR) {
        throw SyscallError("lock", path);
      }
    }
    const struct stat held = status_of(fd.get(), path);
    if (held.st_uid != ::geteuid()) {
      throw SyscallError("create", path, EEXIST);  // somebody else's, who could write to it later
    }

    if (stands_at(path, held)) {
      if (held.st_size != 0 && ::ftruncate(fd.get(), 0) != 0) {
        throw SyscallError("truncate", path);
      }
      return fd;
    }
  }
}

// A directory whose name nobody else has, nor had.
std::string make_directory_below(const std::string& parent, std::string_view prefix,
                                 const TemporaryDirectory::Announce& announce) {
  for (;;) {
    std::array<unsigned char, kNameBytes> random{};
    if (::getrandom(random.data(), random.size(), 0) != ssize_t{random.size()}) {
      throw SyscallError("get random bytes for a directory below", parent);
    }
    std::string path = parent + "/" + std::string(prefix);
    for (const unsigned char byte : random) {
      path += "0123456789abcdef"[byte >> 4U];
      path += "0123456789abcdef"[byte & 15U];
    }
    if (announce) {
      announce(path);
    }
    if (::mkdir(path.c_str(), 0700) == 0) {
      return path;
    }
    if (errno != EEXIST) {
      throw SyscallError("create a directory below", parent);
    }
  }
}

}  // namespace

std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::nullopt
                  : std::optional<std::string>(std::in_place, target.data(), static_cast<size_t>(size));
}

mode_t file_mode_mask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

bool is_settled(const timespec& changed) {
  constexpr std::chrono::seconds kTick{2};
  return SystemClock().wall() - std::chrono::seconds(changed.tv_sec) > kTick;
}

struct stat status_of(int fd, std::string_view subject) {
  struct stat status {};

  if (::fstat(fd, &status) != 0) {
    throw SyscallError("look at", subject);
  }
  return status;
}

size_t read_some(int fd, std::span<char> room, std::string_view subject) {
  ssize_t got = 0;
  do {
    got = ::read(fd, room.data(), room.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    throw SyscallError("read", subject);
  }
  return static_cast<size_t>(got);
}

size_t read_some_at(int fd, uint64_t offset, std::span<char> room, std::string_view subject) {
  ssize_t got = 0;
  do {
    got = ::pread(fd, room.data(), room.size(), static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    throw SyscallError("read", subject);
  }
  return static_cast<size_t>(got);
}

std::string read_all(int fd, std::string_view subject) {
  std::string bytes;

  struct stat status {};

  // Of a file whose size is known, so much that the read after it finds the end without more room.
  const bool sized = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  size_t room = sized ? static_cast<size_t>(status.st_size) + 1 : kReadChunk;
  for (;;) {
    const size_t had = bytes.size();
    bytes.resize(had + room);
    const size_t got = read_some(fd, std::span(bytes).subspan(had), subject);
    bytes.resize(had + got);
    if (got == 0) {
      return bytes;
    }
    room = bytes.capacity() > bytes.size() ? bytes.capacity() - bytes.size() : kReadChunk;
  }
}

std::optional<std::string> read_file_if_there(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) {
    return std::nullopt;
  }
  if (!fd) {
    throw SyscallError("open", path);
  }
  return read_all(fd.get(), path);
}

std::string read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    throw SyscallError("open", path);
  }
  return read_all(fd.get(), path);
}

void write_all(int fd, std::string_view bytes, std::string_view subject) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0) {
      throw SyscallError("write", subject);
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

void append_whole(int fd, std::string_view record, std::string_view subject) {
  const off_t before = status_of(fd, subject).st_size;
  try {
    write_all(fd, record, subject);
  } catch (const SyscallError&) {
    [[maybe_unused]] const int cut = ::ftruncate(fd, before);  // the first failure is the one to tell
    throw;
  }
}

void keep_through_power_loss(int fd, const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) {
    throw SyscallError("open", folder);
  }
  if (::fsync(fd) != 0) {
    throw SyscallError("fsync", path);
  }
  if (::fsync(opened.get()) != 0) {
    throw SyscallError("fsync", folder);
  }
}

void write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode,
                           Durability durability) {
  const std::string temporary = temporary_name_beside(path);
  const UniqueFd fd = claim_temporary(temporary, mode);
  try {
    write_all(fd.get(), bytes, temporary);
    if (durability == Durability::PowerLoss && ::fsync(fd.get()) != 0) {
      throw SyscallError("fsync", temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw SyscallError("rename to", path);
    }
  } catch (const SyscallError&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void remove_abandoned_temporary(const std::string& path) {
  const std::string temporary = temporary_name_beside(path);
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 &&
      stands_at(temporary, status_of(fd.get(), temporary))) {
    ::unlink(temporary.c_str());
  }
}

void make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    return;
  }
  if (errno == EEXIST) {
    struct stat status {};

    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return;
    }
    throw SyscallError("create directory", path, ENOTDIR);
  }
  const size_t slash = path.find_last_of('/');
  if (errno != ENOENT || slash == std::string::npos || slash == 0) {
    throw SyscallError("create directory", path);
  }
  make_directories(path.substr(0, slash), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    throw SyscallError("create directory", path);
  }
}

bool is_below_dev(std::string_view path) noexcept {
  return path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
}

bool remove_tree(const std::string& path) noexcept {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error == std::errc::permission_denied) {
    // A directory without its own write or search bit keeps what it holds; give the bits back and try once
    // more.
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, std::filesystem::perm_options::add,
                                 ignored);
    for (auto it = std::filesystem::recursive_directory_iterator(
             path, std::filesystem::directory_options::skip_permission_denied, ignored);
         !ignored && it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
      if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
        std::filesystem::permissions(it->path(), std::filesystem::perms::owner_all,
                                     std::filesystem::perm_options::add, ignored);
      }
    }
    error.clear();
    std::filesystem::remove_all(path, error);
  }
  errno = error.value();
  return !error;
}

TemporaryDirectory::TemporaryDirectory(const std::string& parent, std::string_view prefix,
                                       const Announce& announce)
    : path_(make_directory_below(parent, prefix, announce)) {}

TemporaryDirectory::~TemporaryDirectory() {
  remove_tree(path_);
}

}  // namespace base
