#include "exec/container_files.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace exec {

namespace {

using base::UniqueFd;

UniqueFd open_path(int root, const std::string& path, unsigned more_flags) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | more_flags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const char* const name = path.empty() ? "." : path.c_str();
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, name, &how, sizeof how)));
}

}  // namespace

UniqueFd open_in_root(int root, const std::string& path) {
  return open_path(root, path, O_NOFOLLOW);
}

UniqueFd follow_in_root(int root, const std::string& path) {
  return open_path(root, path, 0);
}

UniqueFd reopen(const UniqueFd& place, int flags, mode_t needed) {
  const std::string path = "/proc/self/fd/" + std::to_string(place.get());
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY));
  if (!fd && errno == EACCES && ::chmod(path.c_str(), needed) == 0) {
    fd.reset(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY));
  }
  return fd;
}

Listing list(const UniqueFd& place) {
  UniqueFd fd = reopen(place, O_RDONLY | O_DIRECTORY, 0700);
  Listing listing(fd ? ::fdopendir(fd.get()) : nullptr);
  if (listing) {
    (void)fd.release();  // the listing owns it
  }
  return listing;
}

Expected<std::string> read_whole(const UniqueFd& file, const std::string& path) {
  try {
    return base::read_all(file.get(), path);
  } catch (const base::SyscallError& error) {
    errno = error.code().value();
    return system_failure("read", path);
  }
}

tl::unexpected<Failure> system_failure(const std::string& attempt, const std::string& path) {
  const base::FailureKind kind = errno == EMFILE || errno == ENFILE || errno == ENOMEM
                                     ? base::FailureKind::RetryElsewhere
                                     : base::FailureKind::Ours;
  return failure({attempt + " " + base::shell_quoted(path) + ": " + std::strerror(errno), kind});
}

}  // namespace exec
