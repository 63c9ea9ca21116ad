// function_place ROOT COMMAND...: executes COMMAND as an environment of AWS Lambda would, as far as is known
// of those (docs/lambda.md): in ROOT, read-only, with a fresh /tmp (GG_PLACE_TMP_BYTES), /dev with few nodes,
// /proc; as an unprivileged user with no way up; where user namespaces, mount, chroot and ptrace are refused
// by seccomp; with 1,024 descriptors. The network is the caller's. For tests, whose own machine allows more.
// Ends with COMMAND's status, and all that it has started ends with it.
//
// Denials can be added: GG_PLACE_DENY=seccomp refuses filters to COMMAND, GG_PLACE_DENY=landlock Landlock; or
// both.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr uid_t kUser = 993;  // as there

void must(bool done, const std::string& attempt) {
  if (!done) {
    std::fprintf(stderr, "function_place: cannot %s: %s\n", attempt.c_str(), std::strerror(errno));
    std::_Exit(3);
  }
}

std::string variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

void write_text(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  must(file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
       "write " + path);
  ::close(file);
}

// Not root: a user namespace in which we are, until the command is to start.
void unshare_all() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  must(::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (user == 0 ? 0 : CLONE_NEWUSER)) == 0,
       "unshare");
  if (user != 0) {
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", std::to_string(kUser) + " " + std::to_string(user) + " 1");
    write_text("/proc/self/gid_map", std::to_string(kUser) + " " + std::to_string(group) + " 1");
  }
}

void mount_all(const std::string& root) {
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
  must(::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind " + root);
  const std::string size = "size=" + variable("GG_PLACE_TMP_BYTES", "2147483648");
  must(::mount("tmp", (root + "/tmp").c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
               ("mode=1777," + size).c_str()) == 0,
       "mount /tmp");
  must(::mount("proc", (root + "/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0,
       "mount /proc");
  const std::string dev = root + "/dev";
  must(::mount("dev", dev.c_str(), "tmpfs", MS_NOSUID, "mode=755") == 0, "mount /dev");
  for (const std::string name : {"null", "zero", "full", "random", "urandom"}) {
    const std::string node = dev + "/" + name;
    const int file = ::open(node.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    must(file >= 0 && ::mount(("/dev/" + name).c_str(), node.c_str(), nullptr, MS_BIND, nullptr) == 0,
         "bind " + node);
    ::close(file);
  }
  must(::symlink("/proc/self/fd", (dev + "/fd").c_str()) == 0, "link /dev/fd");
  must(::mount(nullptr, dev.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, nullptr) == 0,
       "make /dev read-only");
  must(::mount(nullptr, root.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, nullptr) == 0,
       "make the root read-only");
  must(::chdir(root.c_str()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
           ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0,
       "enter " + root);
}

void drop_privileges() {
  if (::getuid() == 0) {
    must(::setgroups(0, nullptr) == 0 && ::setresgid(kUser, kUser, kUser) == 0 &&
             ::setresuid(kUser, kUser, kUser) == 0,
         "become an unprivileged user");
  }
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "set no_new_privs");
  const rlimit descriptors{1024, 1024};
  must(::setrlimit(RLIMIT_NOFILE, &descriptors) == 0, "limit descriptors");
}

void refuse(scmp_filter_ctx filter, const char* name, uint32_t error = EPERM) {
  must(::seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), ::seccomp_syscall_resolve_name(name), 0) == 0, name);
}

void install_filter() {
  const std::string denied = variable("GG_PLACE_DENY", "");
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  must(filter != nullptr, "make a filter");
  for (const char* name : {"ptrace", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare",
                           "open_tree", "move_mount", "fsopen", "process_vm_readv", "process_vm_writev"}) {
    refuse(filter, name);
  }
  const uint64_t namespaces =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  for (uint64_t bit = 1; bit <= namespaces; bit <<= 1U) {
    if ((namespaces & bit) != 0) {
      must(::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)) == 0,
           "refuse clone");
    }
  }
  refuse(filter, "clone3", ENOSYS);
  if (denied.find("landlock") != std::string::npos) {
    refuse(filter, "landlock_create_ruleset");
  }
  if (denied.find("seccomp") != std::string::npos) {
    refuse(filter, "seccomp");
  }
  must(::seccomp_load(filter) == 0, "install the filter");
  ::seccomp_release(filter);
}

[[noreturn]] void be_init(const char* root, char** command) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  mount_all(root);
  drop_privileges();
  const pid_t child = ::fork();
  must(child >= 0, "fork");
  if (child == 0) {
    install_filter();
    ::execv(command[0], command);
    must(false, std::string("execute ") + command[0]);
  }
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(-1, &status, 0);
  }
  std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: function_place ROOT COMMAND...\n");
    return 2;
  }
  unshare_all();
  const pid_t init = ::fork();
  must(init >= 0, "fork");
  if (init == 0) {
    be_init(argv[1], argv + 2);
  }
  int status = 0;
  ::waitpid(init, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
