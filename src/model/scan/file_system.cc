#include "model/scan/file_system.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>

namespace model::scan {
namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;

// CONFIG_HZ=100 gives the coarsest tick in use, 10 ms.
constexpr base::Nanoseconds kTwoTicks{20'000'000};

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
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
          contents.settled ? std::nullopt : std::optional(fingerprint_of(contents.bytes))};
}

Look Disk::look(const std::string& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    return {absent ? Look::What::Absent : Look::What::Unreadable, {}};
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

  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
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
  contents.settled = is_settled(contents.identity, base::Nanoseconds(nanoseconds(now))) &&
                     contents.bytes.size() == contents.identity.size;
  return contents;
}

std::string Disk::real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : path;
}

}  // namespace model::scan
