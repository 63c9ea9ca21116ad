#include "sandbox/cell/container.hh"
#include "sandbox/cell/mounts.hh"

#include <sys/stat.h>

#include <string>

namespace cell {

namespace {

using sandbox::wire::Run;

// Inodes live in kernel memory that the size limit does not count.
constexpr const char* kMostInodes = "1000000";

void make_directory(const Stage& stage, const std::string& path, mode_t mode = 0755) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    stage.must(-1, "create directory", path);
  }
}

// overlayfs reads ':' and '\' in lowerdir, and mount(2) ',' in any option.
std::string escaped(const std::string& path) {
  std::string result;
  for (const char byte : path) {
    if (byte == ':' || byte == '\\' || byte == ',') {
      result += '\\';
    }
    result += byte;
  }
  return result;
}

std::string overlay_options(const Run& run) {
  std::string lower;
  for (const std::string& layer : run.layers) {
    lower += (lower.empty() ? "" : ":") + escaped(layer);
  }
  return "upperdir=/space/upper,workdir=/space/work,userxattr,lowerdir=" + (lower.empty() ? "/empty" : lower);
}

// Everything that the container can write to is one tmpfs: it vanishes with the container at no cost, and its
// size is the disk limit.
void mount_space(const Run& run, const Stage& stage) {
  const std::string size = run.disk_bytes == 0 ? "" : ",size=" + std::to_string(run.disk_bytes);
  const std::string options = std::string("mode=755,nr_inodes=") + kMostInodes + size;
  stage.must(mount("gg-space", "/space", "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()), "mount", "tmpfs");
  for (const char* directory : {"/space/upper", "/space/work"}) {
    make_directory(stage, directory);
  }
}

void mount_binds(const Run& run, const Stage& stage) {
  for (size_t i = 0; i < run.bind_sources.size(); ++i) {
    const std::string target = "/root" + run.bind_targets[i];
    for (size_t slash = target.find('/', 6); slash != std::string::npos;
         slash = target.find('/', slash + 1)) {
      make_directory(stage, target.substr(0, slash));
    }
    make_directory(stage, target);
    const long tree = clone_tree(run.bind_sources[i].c_str());
    stage.must(tree, "bind", run.bind_targets[i]);
    stage.must(attach_tree(static_cast<int>(tree), target.c_str()), "bind", run.bind_targets[i]);
  }
}

// Devices are the host's; /dev/shm is the root's own again, since the tree may hold a project that lies
// there.
void mount_devices(const Stage& stage) {
  make_directory(stage, "/root/dev");
  make_directory(stage, "/root/dev/shm");
  stage.must(::chmod("/root/dev/shm", 01777), "set the mode of", "/dev/shm");
  const long shm = clone_tree("/root/dev/shm");
  stage.must(shm, "bind", "/dev/shm");
  const long tree = clone_tree("/dev");
  stage.must(tree, "bind", "/dev");
  stage.must(attach_tree(static_cast<int>(tree), "/root/dev"), "bind", "/dev");
  stage.must(attach_tree(static_cast<int>(shm), "/root/dev/shm"), "bind", "/dev/shm");
}

int new_proc(const Stage& stage, bool hide) {
  const long context = ::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
  stage.must(context, "make", "/proc");
  if (hide) {  // init is nobody's business; mode 2 would still show it to group 0
    stage.must(::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "hidepid", "ptraceable", 0), "configure",
               "/proc");
  }
  stage.must(::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "make", "/proc");
  const unsigned flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  // Read-only: where gg runs as root, files below /proc/sys would let the container's user write by their
  // mode.
  const long tree = ::syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, flags | (hide ? MOUNT_ATTR_RDONLY : 0U));
  stage.must(tree, "mount", "/proc");
  ::close(static_cast<int>(context));
  return static_cast<int>(tree);
}

void mount_proc(const Stage& stage) {
  make_directory(stage, "/root/proc");
  stage.must(attach_tree(new_proc(stage, true), "/root/proc"), "mount", "/proc");
}

// Inside the new root, so that symlinks of the tree lead nowhere else.
void make_declared_directories(const Run& run, const Stage& stage) {
  if (::mkdir("/tmp", 01777) == 0) {
    stage.must(::chmod("/tmp", 01777), "set the mode of", "/tmp");
  }
  for (const std::string& path : run.directories) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      make_directory(stage, path.substr(0, slash));
    }
    make_directory(stage, path);
  }
}

}  // namespace

int enter_root(const Run& run, const Stage& stage) {
  mount_space(run, stage);
  stage.must(mount("gg-root", "/root", "overlay", MS_NOSUID | MS_NODEV, overlay_options(run).c_str()),
             "mount", "overlayfs");
  mount_binds(run, stage);
  mount_devices(stage);
  mount_proc(stage);
  const int proc = run.memory_bytes != 0 || run.processes != 0 ? new_proc(stage, false) : -1;
  stage.must(::chdir("/root"), "enter", "the container's root");
  stage.must(pivot_root(".", "."), "pivot to", "the container's root");
  stage.must(unmount_detached("."), "leave", "the cell's root");
  stage.must(::chdir("/"), "enter", "the container's root");
  make_declared_directories(run, stage);
  return proc;
}

}  // namespace cell
