#include "sandbox/cell/namespaces.hh"

#include "sandbox/cell/mounts.hh"

#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <string>

namespace cell {

namespace {

// Who the processes in the container think they are; the same everywhere, so that no user id gets into an
// output.
constexpr const char* kInsideId = "1000";
constexpr std::string_view kHostName = "gg";

// Where the small root is put together; any directory that is always there does.
constexpr const char* kAssembly = "/";

void write_text(const Stage& stage, const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  stage.must(fd, "open", path);
  stage.must(::write(fd, text.data(), text.size()), "write", path);
  ::close(fd);
}

void enter_user_namespace(const Stage& stage, uid_t uid, gid_t gid) {
  stage.must(::unshare(CLONE_NEWUSER), "make", "a user namespace");
  // Without this an unprivileged process may not write its gid_map (user_namespaces(7)).
  write_text(stage, "/proc/self/setgroups", "deny");
  write_text(stage, "/proc/self/uid_map", std::string(kInsideId) + " " + std::to_string(uid) + " 1");
  write_text(stage, "/proc/self/gid_map", std::string(kInsideId) + " " + std::to_string(gid) + " 1");
}

void make_directory(const Stage& stage, const std::string& path, mode_t mode = 0755) {
  stage.must(::mkdir(path.c_str(), mode), "create directory", path);
}

// A file system of our own for device nodes would refuse to open them (it belongs to a user namespace), so
// the host's nodes are bound.
void make_devices(const Stage& stage) {
  make_directory(stage, "dev");
  stage.must(mount("gg-dev", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755"), "mount", "/dev");
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) {
    const std::string node = std::string("dev/") + name;
    const int file = ::open(node.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    stage.must(file, "create", node);
    ::close(file);
    stage.must(mount(("/" + node).c_str(), node.c_str(), nullptr, MS_BIND, nullptr), "bind", "/" + node);
  }
  stage.must(::symlink("/proc/self/fd", "dev/fd"), "link", "/dev/fd");
  stage.must(::symlink("/proc/self/fd/0", "dev/stdin"), "link", "/dev/stdin");
  stage.must(::symlink("/proc/self/fd/1", "dev/stdout"), "link", "/dev/stdout");
  stage.must(::symlink("/proc/self/fd/2", "dev/stderr"), "link", "/dev/stderr");
  make_directory(stage, "dev/shm");
  // Read-only also for the nodes: as root the container's user owns them and could change their modes.
  stage.must(make_read_only(AT_FDCWD, "dev", Devices::Allowed), "make read-only", "/dev");
}

// The kernel lets a user namespace mount a proc file system only where one is wholly in sight already.
void keep_proc_in_sight(const Stage& stage) {
  make_directory(stage, "proc");
  const long tree = clone_tree("/proc");
  stage.must(tree, "bind", "/proc");
  stage.must(attach_tree(static_cast<int>(tree), "proc"), "bind", "/proc");
}

void bind_host_directories(const Stage& stage, const std::vector<std::string>& roots) {
  make_directory(stage, "host");
  for (size_t i = 0; i < roots.size(); ++i) {
    const std::string place = "host/" + std::to_string(i);
    make_directory(stage, place);
    const long tree = clone_tree(roots[i].c_str());
    stage.must(tree, "bind", roots[i]);
    stage.must(attach_tree(static_cast<int>(tree), place.c_str()), "bind", roots[i]);
    stage.must(make_read_only(AT_FDCWD, place.c_str(), Devices::Refused), "make read-only", roots[i]);
  }
}

void make_small_root(const Stage& stage, const std::vector<std::string>& roots) {
  stage.must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private", "/");
  // A tmpfs over "/" hides nothing until we go there: paths that start at our root still see the host.
  const long space = ::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  stage.must(space, "make", "a tmpfs");
  stage.must(::syscall(SYS_fsconfig, space, FSCONFIG_SET_STRING, "mode", "755", 0), "make", "a tmpfs");
  stage.must(::syscall(SYS_fsconfig, space, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "make", "a tmpfs");
  const long tree = ::syscall(SYS_fsmount, space, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
  stage.must(tree, "make", "a tmpfs");
  ::close(static_cast<int>(space));
  stage.must(::syscall(SYS_move_mount, tree, "", AT_FDCWD, kAssembly, MOVE_MOUNT_F_EMPTY_PATH), "mount",
             "the cell's root");
  stage.must(::fchdir(static_cast<int>(tree)), "enter", "the cell's root");
  ::close(static_cast<int>(tree));
  bind_host_directories(stage, roots);
  make_devices(stage);
  keep_proc_in_sight(stage);
  for (const char* point : {"empty", "space", "root"}) {
    make_directory(stage, point);
  }
  stage.must(pivot_root(".", "."), "pivot to", "the cell's root");
  stage.must(unmount_detached("."), "leave", "the host's root");
  stage.must(::chdir("/"), "enter", "the cell's root");
}

// Whatever the container executes gains nothing by it.
void give_up_gains(const Stage& stage, bool user_namespace) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    stage.must(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "drop", "a capability");
  }
  if (!user_namespace) {
    // The container's user is the real root then: executing a program must not bring its capabilities back.
    stage.must(
        ::prctl(PR_SET_SECUREBITS,
                SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED,
                0, 0, 0),
        "set", "securebits");
  }
  stage.must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set", "no_new_privs");
}

void drop_groups(const Stage& stage) {
  // Root of a user namespace that denies setgroups keeps its groups, as any ordinary user does.
  if (::geteuid() == 0 && ::setgroups(0, nullptr) != 0 && errno != EPERM) {
    stage.must(-1, "drop", "supplementary groups");
  }
}

// From here on nobody of our own user may look into this process or into the inits that it forks.
void hide_memory(const Stage& stage) {
  stage.must(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hide", "the cell's memory");
}

}  // namespace

void enter_namespaces(const sandbox::wire::Start& start, const Stage& stage) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  drop_groups(stage);
  if (start.user_namespace) {
    enter_user_namespace(stage, uid, gid);
  }
  stage.must(::unshare(CLONE_NEWNS), "make", "a mount namespace");
  stage.must(::unshare(CLONE_NEWNET), "make", "a network namespace");
  stage.must(::unshare(CLONE_NEWIPC | CLONE_NEWUTS), "make", "ipc and uts namespaces");
  stage.must(::sethostname(kHostName.data(), kHostName.size()), "set", "the host name");
  stage.must(::setdomainname("", 0), "set", "the domain name");
  make_small_root(stage, start.roots);
  give_up_gains(stage, start.user_namespace);
  hide_memory(stage);
}

bool stay_in_shared_root(const Stage& stage) {
  if (::geteuid() == 0) {
    errno = EPERM;
    stage.must(-1, "run commands as root in", "a root that is not theirs alone");
  }
  stage.must(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become", "a subreaper");
  stage.must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set", "no_new_privs");
  hide_memory(stage);
  // A filter that cannot be read is refused in another way than filters are.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) < 0 && errno == EFAULT;
}

}  // namespace cell
