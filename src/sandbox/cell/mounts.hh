#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

// The newer mount calls that glibc 2.36's <sys/mount.h> cannot be mixed with <linux/mount.h> for.
namespace cell {

// <sys/mount.h>'s, which clash with <linux/mount.h>.
inline constexpr int kDetach = 2;  // MNT_DETACH

long mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data);
long unmount_detached(const char* target);
long pivot_root(const char* new_root, const char* put_old);

// A copy of the mounts at `path` and below, attached nowhere yet.
long clone_tree(const char* path);

// Attaches what clone_tree() gave at `target` and closes it; never follows a symlink at its end.
long attach_tree(int tree, const char* target);

// Nothing below `path` can be written, have set-user-id effect, or (NoDevices) be a device.
enum class Devices { Allowed, Refused };
long make_read_only(int directory, const char* path, Devices devices);

}  // namespace cell
