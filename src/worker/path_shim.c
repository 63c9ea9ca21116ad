// Preloaded into the commands of a worker whose root is a skeleton of links (src/exec/skeleton.hh): takes
// /tmp/root, below which their files really lie, out of all answers that say where a file is; and shows no
// link of the skeleton. So a compiler writes the paths into its outputs that it would write in a container.
//
// Commands bring any C library, so nothing but unversioned symbols that each of them has may be used, and no
// constructor: the kernel answers, not the library behind. What is linked statically does not come this way;
// nor does musl, which reads no ld.so.preload.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define EXPORTED __attribute__((visibility("default")))
#define PREFIX "/tmp/root"
#define OWN "/gg/"

// Linux's convention for calls; the library's syscall() would do, but musl and old ones differ in what they
// wrap.
static long call5(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
#else
#error "the path shim does not know how this processor calls the kernel"
#endif
}

static long call4(long number, long a, long b, long c, long d) {
  return call5(number, a, b, c, d, 0);
}

static long failed(long result) {
  errno = (int)-result;
  return -1;
}

static long read_link(int directory, const char* path, char* to, size_t size) {
  return call4(SYS_readlinkat, directory, (long)path, (long)to, (long)size);
}

// How much of `path`, which begins with '/', is the prefix: 0 if it stands elsewhere. The prefix alone is
// "/".
static size_t prefix_of(const char* path, size_t length) {
  const size_t prefix = sizeof PREFIX - 1;
  if (length < prefix || memcmp(path, PREFIX, prefix) != 0 || (length > prefix && path[prefix] != '/')) {
    return 0;
  }
  return length == prefix ? prefix - 1 : prefix;
}

// The worker itself, whose loader reads ld.so.preload too, sees what is.
static int is_off(void) {
  static int known;  // 0: not yet
  if (known == 0) {
    char path[sizeof OWN];
    const long got = read_link(AT_FDCWD, "/proc/self/exe", path, sizeof OWN - 1);
    known = got == sizeof OWN - 1 && memcmp(path, OWN, sizeof OWN - 1) == 0 ? 1 : 2;
  }
  return known == 1;
}

// Shortens what stands in `path` (with room for `length` and a NUL). Its length then.
static size_t shorten(char* path, size_t length) {
  const size_t prefix = is_off() ? 0 : prefix_of(path, length);
  if (prefix != 0) {
    if (length == sizeof PREFIX - 1) {
      path[prefix] = '/';
    }
    memmove(path, path + prefix, length - prefix);
    length -= prefix;
    path[length] = '\0';
  }
  return length;
}

// Into memory that the caller frees, or into `to`, which holds `size`.
static char* give(const char* path, size_t length, char* to, size_t size, int when_short) {
  if (to == NULL) {
    size = size == 0 ? length + 1 : size;
    if (length + 1 > size) {
      errno = when_short;
      return NULL;
    }
    to = malloc(size);
    if (to == NULL) {
      return NULL;
    }
  } else if (length + 1 > size) {
    errno = when_short;
    return NULL;
  }
  memcpy(to, path, length);
  to[length] = '\0';
  return to;
}

static char* resolved(const char* path, char* to, size_t size) {
  if (path == NULL) {
    errno = EINVAL;
    return NULL;
  }
  // The kernel knows where it has come to.
  const long file = call4(SYS_openat, AT_FDCWD, (long)path, O_PATH | O_CLOEXEC, 0);
  if (file < 0) {
    failed(file);
    return NULL;
  }
  char name[32] = "/proc/self/fd/";
  char digits[12];
  size_t end = sizeof "/proc/self/fd/" - 1;
  size_t count = 0;
  for (long rest = file; rest != 0 || count == 0; rest /= 10) {
    digits[count++] = (char)('0' + rest % 10);
  }
  while (count != 0) {
    name[end++] = digits[--count];
  }
  char found[PATH_MAX + 1];
  const long length = read_link(AT_FDCWD, name, found, PATH_MAX);
  call4(SYS_close, file, 0, 0, 0);
  if (length < 0) {
    failed(length);
    return NULL;
  }
  found[length] = '\0';
  return give(found, shorten(found, (size_t)length), to, size, ENAMETOOLONG);
}

static char* current(char* to, size_t size) {
  char found[PATH_MAX + 1];
  const long got = call4(SYS_getcwd, (long)found, PATH_MAX, 0, 0);  // its length, with the NUL
  if (got < 0) {
    failed(got);
    return NULL;
  }
  if (found[0] != '/') {  // "(unreachable)", says the kernel
    errno = ENOENT;
    return NULL;
  }
  if (to != NULL && size == 0) {
    errno = EINVAL;
    return NULL;
  }
  return give(found, shorten(found, (size_t)got - 1), to, size, ERANGE);
}

// Slashes and dots apart: "/usr", "//usr/", "/./usr"?
static int is_same_place(const char* path, const char* place, size_t length) {
  size_t at = 0;
  for (const char* from = path; *from != '\0'; ++from) {
    const int is_dot = from[0] == '/' && from[1] == '.' && (from[2] == '/' || from[2] == '\0');
    if (is_dot || (from[0] == '/' && (from[1] == '/' || from[1] == '\0'))) {
      from += is_dot;
    } else if (at == length || place[at++] != *from) {
      return 0;
    }
  }
  return at == length;
}

// Where what a command calls `path` lies, when the last name of that is not followed: below the prefix, where
// `path` is a link of the skeleton itself. `room` holds PATH_MAX + 1.
static const char* behind(int directory, const char* path, char* room) {
  if (path == NULL || path[0] != '/') {
    return path;
  }
  char found[PATH_MAX + 1];
  const long length = read_link(directory, path, room, PATH_MAX);
  if (length <= 0) {
    return path;
  }
  room[length] = '\0';
  memcpy(found, room, (size_t)length + 1);
  const size_t kept = shorten(found, (size_t)length);
  return kept != (size_t)length && is_same_place(path, found, kept) ? room : path;
}

static ssize_t target(int directory, const char* path, char* to, size_t size) {
  char room[PATH_MAX + 1];
  char found[PATH_MAX + 1];
  const long length = read_link(directory, behind(directory, path, room), found, PATH_MAX);
  if (length < 0) {
    return failed(length);
  }
  found[length] = '\0';
  const size_t kept = shorten(found, (size_t)length);
  const size_t given = kept < size ? kept : size;
  memcpy(to, found, given);
  return (ssize_t)given;
}

// struct stat is the kernel's on the processors above.
static int status_at(int directory, const char* path, struct stat* to, int flags) {
  char room[PATH_MAX + 1];
  long result = call4(SYS_newfstatat, directory, (long)path, (long)to, flags);
  if (result == 0 && (flags & AT_SYMLINK_NOFOLLOW) != 0 && S_ISLNK(to->st_mode)) {
    result = call4(SYS_newfstatat, directory, (long)behind(directory, path, room), (long)to, flags);
  }
  return result < 0 ? (int)failed(result) : 0;
}

EXPORTED char* realpath(const char* path, char* to) {
  return resolved(path, to, to == NULL ? 0 : PATH_MAX);
}

EXPORTED char* __realpath_chk(const char* path, char* to, size_t room) {
  return resolved(path, to, to == NULL ? 0 : room);
}

EXPORTED char* canonicalize_file_name(const char* path) {
  return resolved(path, NULL, 0);
}

EXPORTED char* getcwd(char* to, size_t size) {
  return current(to, size);
}

EXPORTED char* __getcwd_chk(char* to, size_t size, size_t room) {
  return current(to, size < room ? size : room);
}

EXPORTED char* getwd(char* to) {
  return current(to, PATH_MAX);
}

EXPORTED char* __getwd_chk(char* to, size_t room) {
  return current(to, room);
}

// Where PWD says we are, if that is so: with the symlinks by which somebody has come here.
EXPORTED char* get_current_dir_name(void) {
  const char* const told = getenv("PWD");
  struct stat here;
  struct stat there;
  if (told != NULL && told[0] == '/' && call4(SYS_newfstatat, AT_FDCWD, (long)".", (long)&here, 0) == 0 &&
      call4(SYS_newfstatat, AT_FDCWD, (long)told, (long)&there, 0) == 0 && here.st_dev == there.st_dev &&
      here.st_ino == there.st_ino) {
    return give(told, strlen(told), NULL, 0, ENOMEM);
  }
  return current(NULL, 0);
}

EXPORTED ssize_t readlink(const char* path, char* to, size_t size) {
  return target(AT_FDCWD, path, to, size);
}

EXPORTED ssize_t readlinkat(int directory, const char* path, char* to, size_t size) {
  return target(directory, path, to, size);
}

EXPORTED ssize_t __readlink_chk(const char* path, char* to, size_t size, size_t room) {
  return target(AT_FDCWD, path, to, size < room ? size : room);
}

EXPORTED ssize_t __readlinkat_chk(int directory, const char* path, char* to, size_t size, size_t room) {
  return target(directory, path, to, size < room ? size : room);
}

EXPORTED int lstat(const char* path, struct stat* to) {
  return status_at(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

EXPORTED int fstatat(int directory, const char* path, struct stat* to, int flags) {
  return status_at(directory, path, to, flags);
}

// The same for programs that were built otherwise: with 64-bit names, or (before glibc 2.33) with versions of
// struct stat, of which there is one here.
EXPORTED int lstat64(const char* path, struct stat64* to) {
  return status_at(AT_FDCWD, path, (struct stat*)to, AT_SYMLINK_NOFOLLOW);
}

EXPORTED int fstatat64(int directory, const char* path, struct stat64* to, int flags) {
  return status_at(directory, path, (struct stat*)to, flags);
}

EXPORTED int __lxstat(int version, const char* path, struct stat* to) {
  (void)version;
  return status_at(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

EXPORTED int __lxstat64(int version, const char* path, struct stat64* to) {
  (void)version;
  return status_at(AT_FDCWD, path, (struct stat*)to, AT_SYMLINK_NOFOLLOW);
}

EXPORTED int __fxstatat(int version, int directory, const char* path, struct stat* to, int flags) {
  (void)version;
  return status_at(directory, path, to, flags);
}

EXPORTED int __fxstatat64(int version, int directory, const char* path, struct stat64* to, int flags) {
  (void)version;
  return status_at(directory, path, (struct stat*)to, flags);
}

EXPORTED int statx(int directory, const char* path, int flags, unsigned mask, struct statx* to) {
  char room[PATH_MAX + 1];
  const char* const place = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? behind(directory, path, room) : path;
  const long result = call5(SYS_statx, directory, (long)place, flags, mask, (long)to);
  return result < 0 ? (int)failed(result) : 0;
}
