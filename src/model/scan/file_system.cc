#include "model/scan/file_system.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>

namespace model::scan {
namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;

// CONFIG_HZ=100 gives the coarsest tick in use, 10 ms.
constexpr base::Nanoseconds kTwoTicks{20'000'000};

constexpr size_t kMostNames = 50'000;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
}

base::Nanoseconds wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return base::Nanoseconds(nanoseconds(now));
}

// Elsewhere (autofs, FUSE, network and Windows file systems) a name may be found that is not listed, or a
// directory change without its times telling.
bool lists_what_it_finds(int directory) {
  constexpr unsigned long kXfs = 0x58465342;  // fs/xfs/libxfs/xfs_format.h
  constexpr std::array<unsigned long, 6> kKnown{EXT4_SUPER_MAGIC,      BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
                                                OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,  kXfs};

  struct statfs system {};

  return ::fstatfs(directory, &system) == 0 &&
         std::find(kKnown.begin(), kKnown.end(), static_cast<unsigned long>(system.f_type)) != kKnown.end();
}

// Some can be told to ignore case (ext4's casefold), a directory at a time.
bool tells_case(int directory, const DirectoryNames& names) {
  constexpr unsigned char kCase = 'a' ^ 'A';
  for (const std::string& name : names) {
    std::string other = name;
    const auto letter =
        std::find_if(other.begin(), other.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    if (letter == other.end()) {
      continue;
    }
    *letter = static_cast<char>(static_cast<unsigned char>(*letter) ^ kCase);

    struct stat status {};

    if (!names.contains(other)) {
      return ::fstatat(directory, other.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0;
    }
  }
  return false;
}

}  // namespace

Identity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

bool is_settled(const Identity& identity, base::Nanoseconds wall_now) {
  return std::max(identity.mtime, identity.ctime) + kTwoTicks.count() < wall_now.count();
}

uint64_t fingerprint_of(std::string_view bytes) {
  return std::hash<std::string_view>{}(bytes);
}

Reading reading_of(const std::string& path, const Contents& contents) {
  return {path, contents.identity,
          contents.settled ? std::nullopt : std::optional(fingerprint_of(contents.bytes)), std::nullopt};
}

std::shared_ptr<const DirectoryNames> FileSystem::names_in(const std::string& /*directory*/,
                                                           const Identity& /*identity*/) {
  return nullptr;
}

std::shared_ptr<const DirectoryNames> names_on_disk(const std::string& directory, const Identity& identity) {
  if (!is_settled(identity, wall_now())) {
    return nullptr;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), ::closedir);
  if (!listing || !lists_what_it_finds(::dirfd(listing.get()))) {
    return nullptr;
  }
  auto names = std::make_shared<DirectoryNames>();
  errno = 0;
  while (const dirent* entry = ::readdir(listing.get())) {
    if (names->size() == kMostNames) {
      return nullptr;
    }
    names->insert(entry->d_name);
  }

  struct stat status {};

  const bool whole =
      errno == 0 && ::fstat(::dirfd(listing.get()), &status) == 0 && identity_of(status) == identity;
  return whole && tells_case(::dirfd(listing.get()), *names) ? std::move(names) : nullptr;
}

Look Disk::look(const std::string& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    return {absent ? Look::What::Absent : Look::What::Unreadable};
  }
  const bool file = S_ISREG(status.st_mode);
  return {file                      ? Look::What::File
          : S_ISDIR(status.st_mode) ? Look::What::Directory
                                    : Look::What::Unreadable,
          identity_of(status)};
}

base::Result<Contents> Disk::read(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    return base::failure("open '" + path + "': " + std::strerror(errno));
  }

  struct stat status {};

  const base::Nanoseconds now = wall_now();
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return base::failure("'" + path + "' is no regular file");
  }
  Contents contents;
  contents.identity = identity_of(status);
  try {
    contents.bytes = base::read_all(file.get(), path);
  } catch (const base::SyscallError& error) {
    return base::failure(error.what());
  }
  contents.settled = is_settled(contents.identity, now) && contents.bytes.size() == contents.identity.size;
  return contents;
}

std::string Disk::real_path(const std::string& path) {
  return base::real_path(path).value_or(path);
}

}  // namespace model::scan
