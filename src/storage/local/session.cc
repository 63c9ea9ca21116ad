#include "storage/local/session.hh"

#include "base/errors.hh"
#include "storage/local/walk.hh"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <map>

namespace storage {

namespace {

constexpr std::string_view kLockSuffix = ".lock";

// A sweeper may have found the file before we locked it, taken it for a dead one's and removed it.
bool still_linked(int fd) {
  struct stat status {};

  return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

// The new file, locked; none if the name is taken or a sweeper was faster.
base::UniqueFd make_locked(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    if (errno == EEXIST) {
      return {};
    }
    throw base::SyscallError("create", path);
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    return still_linked(fd.get()) ? std::move(fd) : base::UniqueFd();
  }
  if (errno == EWOULDBLOCK) {
    return {};
  }
  const int err = errno;
  ::unlink(path.c_str());
  throw base::SyscallError("lock", path, err);
}

enum class Liveness : uint8_t { Dead, Live };

// Dead: `held` has its lock, so that no two sweep it, and nobody can take the name again.
Liveness examine(const std::string& lock_path, base::UniqueFd& held) {
  held.reset(::open(lock_path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!held) {
    if (errno == ENOENT) {
      return Liveness::Dead;
    }
    throw base::SyscallError("open", lock_path);
  }
  return ::flock(held.get(), LOCK_EX | LOCK_NB) == 0 ? Liveness::Dead : Liveness::Live;
}

base::Nanoseconds start_in_name(const std::string& session) {
  int64_t start = 0;  // a stranger's name: as if it had always been there
  (void)std::from_chars(session.data(), session.data() + session.size(), start);
  return base::Nanoseconds(start);
}

}  // namespace

Session::Session(const std::string& temporaries, base::Nanoseconds wall_now) : start_(wall_now) {
  // Sessions of one process may begin in the same tick, and names in quarantine/ are made from theirs.
  static std::atomic<uint64_t> opened{0};
  while (!lock_) {
    prefix_ = fmt::format("{}/{:020}-{}-{}", temporaries, start_.count(), ::getpid(), opened.fetch_add(1));
    lock_ = make_locked(prefix_ + std::string(kLockSuffix));
  }
}

Session::~Session() {
  ::unlink((prefix_ + std::string(kLockSuffix)).c_str());
}

std::string Session::temporary_path() {
  return fmt::format("{}.{}", prefix_, next_.fetch_add(1));
}

SessionSurvey survey_sessions(const std::string& temporaries, Sweep sweep) {
  std::map<std::string, std::vector<std::string>> files_of;  // session -> its files without the lock
  for (const std::string& name : names_in(temporaries)) {
    const std::string session = name.substr(0, name.find('.'));
    auto& files = files_of[session];
    if (name != session + std::string(kLockSuffix)) {
      files.push_back(name);
    }
  }
  SessionSurvey survey;
  for (const auto& [session, files] : files_of) {
    const std::string lock_path = fmt::format("{}/{}{}", temporaries, session, kLockSuffix);
    base::UniqueFd held;
    if (examine(lock_path, held) == Liveness::Live) {
      survey.live_since.push_back(start_in_name(session));
      continue;
    }
    for (const std::string& file : files) {
      const std::string path = fmt::format("{}/{}", temporaries, file);
      survey.orphans.push_back(path);
      if (sweep == Sweep::Remove && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
        throw base::SyscallError("remove", path);
      }
    }
    if (sweep == Sweep::Remove) {
      ::unlink(lock_path.c_str());
    }
  }
  return survey;
}

}  // namespace storage
