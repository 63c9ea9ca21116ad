// A library to preload into gg in tests: the N-th change that gg makes to its files fails, or kills it, or
// the wall clock goes back at it. Only in the very process whose program is called gg, not in what it starts.
//
//   GG_FAULT       what happens: `count`; `kill`; an errno by number, of that one call; `from <errno>`, of it
//                  and all later ones that take room (a disk that is full stays full), or of all later ones
//                  where it is EROFS; `back <seconds>`: from then on the wall clock stands that much earlier
//   GG_FAULT_AT    N, from 1
//   GG_FAULT_UNDER a folder, or several with colons between: only what changes below these counts
//   GG_FAULT_LOG   a file that gets a line for each change that counts: its number, the call, the path
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum Kind { kNone, kCount, kKill, kFail, kFailFrom, kBack };

static enum Kind kind = kNone;
static int fault_errno;
static long back_seconds;
static long fault_at;
static char under[8192];
static int log_fd = -1;
static pid_t owner;
static atomic_long changes;
static atomic_bool clock_is_back;

// What dlsym finds, asked once a function: `real(write)`.
#define REAL(name)                                              \
  static __typeof__(&name) real_##name;                         \
  static __typeof__(&name) next_##name(void) {                  \
    if (real_##name == NULL) {                                  \
      real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    }                                                           \
    return real_##name;                                         \
  }

static bool is_below(const char* path) {
  for (const char* folder = under; *folder != '\0';) {
    const size_t length = strcspn(folder, ":");
    if (strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
      return true;
    }
    folder += length + (folder[length] == ':' ? 1 : 0);
  }
  return false;
}

// Counts a change of `path`. True: it is to fail, with errno set.
static bool fails(const char* call, const char* path, bool takes_room) {
  if (kind == kNone || getpid() != owner || path == NULL) {
    return false;
  }
  const int before = errno;
  char absolute[2 * PATH_MAX];
  if (path[0] != '/' && getcwd(absolute, PATH_MAX) != NULL) {
    strcat(absolute, "/");
    strncat(absolute, path, PATH_MAX - 1);
    path = absolute;
  }
  if (!is_below(path)) {
    errno = before;
    return false;
  }
  const long number = atomic_fetch_add(&changes, 1) + 1;
  if (log_fd >= 0) {
    char line[PATH_MAX + 100];
    const int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
    syscall(SYS_write, log_fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line);
  }
  errno = before;
  if (number < fault_at || (number > fault_at && kind != kFailFrom)) {
    return false;
  }
  switch (kind) {
    case kKill:
      kill(owner, SIGKILL);
      return false;
    case kBack:
      atomic_store(&clock_is_back, true);
      return false;
    case kFail:
      errno = fault_errno;
      return true;
    case kFailFrom:
      errno = fault_errno;
      return takes_room || fault_errno == EROFS;
    default:
      return false;
  }
}

static bool fails_at(const char* call, int folder, const char* path, bool takes_room) {
  if (kind == kNone || folder == AT_FDCWD || (path != NULL && path[0] == '/')) {
    return fails(call, path, takes_room);
  }
  char link[64];
  char target[PATH_MAX + NAME_MAX + 2];
  const int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  const ssize_t length = readlink(link, target, PATH_MAX);
  errno = before;
  if (length < 0 || target[0] != '/') {
    return false;  // no file: a pipe, a socket, a counter
  }
  target[length] = '\0';
  if (path != NULL && path[0] != '\0') {
    strcat(target, "/");
    strncat(target, path, NAME_MAX);
  }
  return fails(call, target, takes_room);
}

static bool fails_on(const char* call, int fd, bool takes_room) {
  return fd != log_fd && fails_at(call, fd, NULL, takes_room);
}

static bool creates(int flags) {
  return (flags & O_CREAT) != 0;
}

#define MODE_AFTER(flags)                     \
  mode_t mode = 0;                            \
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list words;                            \
    va_start(words, flags);                   \
    mode = va_arg(words, mode_t);             \
    va_end(words);                            \
  }

#define OPEN(name)                                                                             \
  REAL(name)                                                                                   \
  int name(const char* path, int flags, ...) {                                                 \
    MODE_AFTER(flags)                                                                          \
    return creates(flags) && fails(#name, path, true) ? -1 : next_##name()(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                         \
  REAL(name)                                                                                                 \
  int name(int folder, const char* path, int flags, ...) {                                                   \
    MODE_AFTER(flags)                                                                                        \
    return creates(flags) && fails_at(#name, folder, path, true) ? -1                                        \
                                                                 : next_##name()(folder, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

#define WRAP(result, name, parameters, arguments, condition)   \
  REAL(name)                                                   \
  result name parameters {                                     \
    return (condition) ? (result)-1 : next_##name() arguments; \
  }

WRAP(ssize_t, write, (int fd, const void* bytes, size_t size), (fd, bytes, size), fails_on("write", fd, true))
WRAP(ssize_t, writev, (int fd, const struct iovec* parts, int count), (fd, parts, count),
     fails_on("writev", fd, true))
WRAP(ssize_t, pwrite, (int fd, const void* bytes, size_t size, off_t at), (fd, bytes, size, at),
     fails_on("pwrite", fd, true))
WRAP(ssize_t, pwrite64, (int fd, const void* bytes, size_t size, off64_t at), (fd, bytes, size, at),
     fails_on("pwrite64", fd, true))
WRAP(ssize_t, copy_file_range,
     (int from, off64_t* from_at, int to, off64_t* to_at, size_t size, unsigned flags),
     (from, from_at, to, to_at, size, flags), fails_on("copy_file_range", to, true))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), fails_on("ftruncate", fd, false))
WRAP(int, ftruncate64, (int fd, off64_t size), (fd, size), fails_on("ftruncate64", fd, false))
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
     fails_on("fallocate", fd, true))
WRAP(int, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size),
     fails_on("posix_fallocate", fd, true))
WRAP(int, fsync, (int fd), (fd), fails_on("fsync", fd, false))
WRAP(int, fdatasync, (int fd), (fd), fails_on("fdatasync", fd, false))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), fails_on("fchmod", fd, false))
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times), fails_on("futimens", fd, false))
WRAP(int, mkostemps, (char* name, int suffix, int flags), (name, suffix, flags),
     fails("mkostemps", name, true))
WRAP(int, rename, (const char* from, const char* to), (from, to), fails("rename", to, true))
WRAP(int, link, (const char* from, const char* to), (from, to), fails("link", to, true))
WRAP(int, symlink, (const char* target, const char* path), (target, path), fails("symlink", path, true))
WRAP(int, unlink, (const char* path), (path), fails("unlink", path, false))
WRAP(int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags),
     fails_at("unlinkat", folder, path, false))
WRAP(int, rmdir, (const char* path), (path), fails("rmdir", path, false))
WRAP(int, mkdir, (const char* path, mode_t mode), (path, mode), fails("mkdir", path, true))
WRAP(int, chmod, (const char* path, mode_t mode), (path, mode), fails("chmod", path, false))
WRAP(int, utimensat, (int folder, const char* path, const struct timespec times[2], int flags),
     (folder, path, times, flags), fails_at("utimensat", folder, path, false))

REAL(mkdtemp)

char* mkdtemp(char* name) {
  return fails("mkdtemp", name, true) ? NULL : next_mkdtemp()(name);
}

// gg exchanges two names by number, since old C libraries have no name for it.
REAL(syscall)

long syscall(long number, ...) {
  long argument[6];
  va_list words;
  va_start(words, number);
  for (int i = 0; i < 6; ++i) {
    argument[i] = va_arg(words, long);
  }
  va_end(words);
  if (number == SYS_renameat2 && fails_at("renameat2", (int)argument[2], (const char*)argument[3], true)) {
    return -1;
  }
  return next_syscall()(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

REAL(clock_gettime)

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = next_clock_gettime()(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME && atomic_load(&clock_is_back)) {
    now->tv_sec -= back_seconds;
  }
  return result;
}

static void choose(const char* what) {
  if (strcmp(what, "count") == 0) {
    kind = kCount;
  } else if (strcmp(what, "kill") == 0) {
    kind = kKill;
  } else if (strncmp(what, "back ", 5) == 0) {
    kind = kBack;
    back_seconds = strtol(what + 5, NULL, 10);
  } else if (strncmp(what, "from ", 5) == 0) {
    kind = kFailFrom;
    fault_errno = (int)strtol(what + 5, NULL, 10);
  } else {
    kind = kFail;
    fault_errno = (int)strtol(what, NULL, 10);
  }
}

__attribute__((constructor)) static void begin(void) {
  char program[PATH_MAX] = "";
  const char* what = getenv("GG_FAULT");
  const char* where = getenv("GG_FAULT_UNDER");
  const char* number = getenv("GG_FAULT_AT");
  const char* log = getenv("GG_FAULT_LOG");
  if (readlink("/proc/self/exe", program, sizeof program - 1) > 0 && what != NULL && where != NULL &&
      strcmp(strrchr(program, '/'), "/gg") == 0) {
    if (log != NULL) {
      log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    strncpy(under, where, sizeof under - 1);
    fault_at = number != NULL ? strtol(number, NULL, 10) : 0;
    owner = getpid();
    choose(what);
  }
  // What gg starts, and what it takes for the user's environment, has nothing of it.
  for (const char* const* name = (const char* const[]){"LD_PRELOAD", "GG_FAULT", "GG_FAULT_AT",
                                                       "GG_FAULT_UNDER", "GG_FAULT_LOG", NULL};
       *name != NULL; ++name) {
    unsetenv(*name);
  }
}
