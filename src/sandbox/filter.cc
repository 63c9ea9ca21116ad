#include "sandbox/filter.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/unique_fd.hh"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sandbox {

namespace {

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ALLOW)) {
    if (context_ == nullptr) {
      throw base::OperatorError("libseccomp cannot make a filter");
    }
  }

  ~Filter() { ::seccomp_release(context_); }

  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  [[nodiscard]] scmp_filter_ctx get() const { return context_; }

  static void check(int result, const char* attempt) {
    if (result != 0) {
      throw base::OperatorError(std::string("libseccomp cannot ") + attempt + ": " + std::strerror(-result));
    }
  }

  void deny(const char* name, int error) {
    const int call = ::seccomp_syscall_resolve_name(name);
    if (call !=
        __NR_SCMP_ERROR) {  // unknown to this libseccomp; those that matter are covered by mount and caps
      check(::seccomp_rule_add(context_, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), call, 0), name);
    }
  }

  void deny_if(const char* name, int error, const scmp_arg_cmp& condition) {
    const int call = ::seccomp_syscall_resolve_name(name);
    check(
        ::seccomp_rule_add_array(context_, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), call, 1, &condition),
        name);
  }

 private:
  scmp_filter_ctx context_;
};

// Without a privilege most of these fail anyhow; denying them keeps kernel code of little use to a build out
// of reach.
constexpr std::array kDenied{
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "setns",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "userfaultfd",
    "perf_event_open",
    "open_by_handle_at",
    "name_to_handle_at",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "reboot",
    "syslog",
    "iopl",
    "ioperm",
    "vhangup",
    "lookup_dcookie",
    "fanotify_init",
};

// Programs fall back by themselves if the kernel "has not got" these. io_uring and clone3 hide their
// arguments from filters.
constexpr std::array kUnknown{"io_uring_setup", "io_uring_enter", "io_uring_register", "clone3"};

// Families whose reach a network namespace bounds stay. AF_VSOCK, for one, has none: it reaches the
// hypervisor.
void deny_socket_families(Filter& filter) {
  constexpr std::array kKept{AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
  constexpr int kLastKept = AF_NETLINK;
  for (int family = 0; family < kLastKept; ++family) {
    if (std::find(kKept.begin(), kKept.end(), family) == kKept.end()) {
      filter.deny_if("socket", EAFNOSUPPORT, {0, SCMP_CMP_EQ, static_cast<uint64_t>(family), 0});
    }
  }
  // All 64 bits are compared, so that bits above an int's, which the kernel would drop, fool nobody.
  filter.deny_if("socket", EAFNOSUPPORT, {0, SCMP_CMP_GT, static_cast<uint64_t>(kLastKept), 0});
}

// A user namespace of its own would give the process every capability in it; the other kinds need one first.
void deny_new_user_namespace(Filter& filter) {
  const uint64_t bit = CLONE_NEWUSER;
  filter.deny_if("unshare", EPERM, {0, SCMP_CMP_MASKED_EQ, bit, bit});
  filter.deny_if("clone", EPERM, {0, SCMP_CMP_MASKED_EQ, bit, bit});
}

// Calls whose first argument is a process. Where there is no pid namespace, gg's own are of the same user.
constexpr std::array kToProcess{"kill",           "tgkill",       "rt_sigqueueinfo",   "rt_tgsigqueueinfo",
                                "pidfd_open",     "prlimit64",    "sched_setaffinity", "sched_setscheduler",
                                "sched_setparam", "sched_setattr"};

// A look into other processes, and what stays behind without a process.
constexpr std::array kAlone{
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp",  "pidfd_getfd", "tkill", "shmget",
    "msgget", "semget",           "mq_open",           "socket"};

void deny_what_namespaces_would(Filter& filter, const std::set<pid_t>& guarded) {
  constexpr uint64_t kInt = 0xffffffff;  // the kernel takes no more of it
  for (const char* name : kAlone) {
    filter.deny(name, EPERM);
  }
  // A pair of datagram sockets could still send to others.
  for (const uint64_t type : {SOCK_DGRAM, SOCK_RAW}) {
    constexpr uint64_t kTypeBits = 0xf;
    filter.deny_if("socketpair", EPERM, {1, SCMP_CMP_MASKED_EQ, kTypeBits, type});
  }
  const auto deny_for = [&](const char* name, int64_t process) {
    filter.deny_if(name, EPERM, {0, SCMP_CMP_MASKED_EQ, kInt, static_cast<uint64_t>(process) & kInt});
  };
  deny_for("kill", -1);  // everybody
  for (const pid_t pid : guarded) {
    deny_for("kill", -int64_t{pid});
    for (const char* name : kToProcess) {
      deny_for(name, pid);
    }
  }
}

void deny_always(Filter& filter) {
  for (const char* name : kDenied) {
    filter.deny(name, EPERM);
  }
  for (const char* name : kUnknown) {
    filter.deny(name, ENOSYS);
  }
  deny_new_user_namespace(filter);
}

std::string exported(const Filter& filter) {
  const base::UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) {
    throw base::SyscallError("make", "a memory file");
  }
  Filter::check(::seccomp_export_bpf(filter.get(), file.get()), "export its filter");
  ::lseek(file.get(), 0, SEEK_SET);
  return base::read_all(file.get(), "the seccomp filter");
}

}  // namespace

std::string seccomp_filter() {
  Filter filter;
  Filter::check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)),
                "refuse other architectures");
  // The kernel runs the program once for every system call when it is installed, that is for each container:
  // 147 us as a list of all rules for all families, 70 us like this.
  Filter::check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "make a tree of its filter");
#ifdef __x86_64__
  Filter::check(::seccomp_arch_add(filter.get(), SCMP_ARCH_X86), "allow 32-bit programs");
#endif
  deny_always(filter);
  deny_socket_families(filter);
  return exported(filter);
}

std::string seccomp_filter_without_namespaces(const std::set<pid_t>& guarded) {
  // No 32-bit programs: their calls for sockets hide what they are about in memory.
  Filter filter;
  Filter::check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)),
                "refuse other architectures");
  Filter::check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "make a tree of its filter");
  deny_always(filter);
  deny_what_namespaces_would(filter, guarded);
  return exported(filter);
}

}  // namespace sandbox
