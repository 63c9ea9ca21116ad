#include "sandbox/cell/path_calls.hh"

#include <linux/audit.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace cell {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr uint32_t kI386 = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr uint32_t kNative = AUDIT_ARCH_AARCH64;
#else
#error "tracing: this processor's calls are not written down yet (src/sandbox/cell/path_calls.cc)"
#endif

constexpr PathCall kCalls[] = {
    {kNative, SYS_openat, 0, 1, 2},
    {kNative, SYS_openat2, 0, 1},
    {kNative, SYS_newfstatat, 0, 1},
    {kNative, SYS_statx, 0, 1},
    {kNative, SYS_faccessat, 0, 1},
    {kNative, SYS_faccessat2, 0, 1},
    {kNative, SYS_readlinkat, 0, 1},
    {kNative, SYS_execve, -1, 0},
    {kNative, SYS_execveat, 0, 1},
    {kNative, SYS_chdir, -1, 0},
    {kNative, SYS_statfs, -1, 0},
    {kNative, SYS_truncate, -1, 0},
    {kNative, SYS_getxattr, -1, 0},
    {kNative, SYS_lgetxattr, -1, 0},
    {kNative, SYS_fchmodat, 0, 1},
    {kNative, SYS_linkat, 0, 1},
    {kNative, SYS_renameat, 0, 1},
    {kNative, SYS_renameat2, 0, 1},
    {kNative, SYS_unlinkat, 0, 1},
#if defined(__x86_64__)
    {kNative, SYS_open, -1, 0, 1},
    {kNative, SYS_stat, -1, 0},
    {kNative, SYS_lstat, -1, 0},
    {kNative, SYS_access, -1, 0},
    {kNative, SYS_readlink, -1, 0},
    {kNative, SYS_chmod, -1, 0},
    {kNative, SYS_link, -1, 0},
    {kNative, SYS_rename, -1, 0},
    {kNative, SYS_unlink, -1, 0},
    {kNative, SYS_rmdir, -1, 0},
    // arch/x86/entry/syscalls/syscall_32.tbl
    {kI386, 5, -1, 0, 1},   // open
    {kI386, 9, -1, 0},      // link
    {kI386, 10, -1, 0},     // unlink
    {kI386, 11, -1, 0},     // execve
    {kI386, 12, -1, 0},     // chdir
    {kI386, 15, -1, 0},     // chmod
    {kI386, 33, -1, 0},     // access
    {kI386, 38, -1, 0},     // rename
    {kI386, 40, -1, 0},     // rmdir
    {kI386, 85, -1, 0},     // readlink
    {kI386, 92, -1, 0},     // truncate
    {kI386, 99, -1, 0},     // statfs
    {kI386, 106, -1, 0},    // stat
    {kI386, 107, -1, 0},    // lstat
    {kI386, 193, -1, 0},    // truncate64
    {kI386, 195, -1, 0},    // stat64
    {kI386, 196, -1, 0},    // lstat64
    {kI386, 229, -1, 0},    // getxattr
    {kI386, 230, -1, 0},    // lgetxattr
    {kI386, 268, -1, 0},    // statfs64
    {kI386, 295, 0, 1, 2},  // openat
    {kI386, 300, 0, 1},     // fstatat64
    {kI386, 301, 0, 1},     // unlinkat
    {kI386, 302, 0, 1},     // renameat
    {kI386, 303, 0, 1},     // linkat
    {kI386, 305, 0, 1},     // readlinkat
    {kI386, 306, 0, 1},     // fchmodat
    {kI386, 307, 0, 1},     // faccessat
    {kI386, 353, 0, 1},     // renameat2
    {kI386, 358, 0, 1},     // execveat
    {kI386, 383, 0, 1},     // statx
    {kI386, 437, 0, 1},     // openat2
    {kI386, 439, 0, 1},     // faccessat2
#endif
};

}  // namespace

const PathCall* path_call(uint32_t architecture, uint64_t number) {
  const auto* const found = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const PathCall& call) {
    return call.architecture == architecture && call.number == number;
  });
  return found == std::end(kCalls) ? nullptr : found;
}

}  // namespace cell
