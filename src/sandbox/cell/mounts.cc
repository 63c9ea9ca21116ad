#include "sandbox/cell/mounts.hh"

namespace cell {

long mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  return ::syscall(SYS_mount, source, target, type, flags, data);
}

long unmount_detached(const char* target) {
  return ::syscall(SYS_umount2, target, kDetach);
}

long pivot_root(const char* new_root, const char* put_old) {
  return ::syscall(SYS_pivot_root, new_root, put_old);
}

long clone_tree(const char* path) {
  return ::syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

long attach_tree(int tree, const char* target) {
  const long result = ::syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
  ::close(tree);
  return result;
}

long make_read_only(int directory, const char* path, Devices devices) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  if (devices == Devices::Refused) {
    attributes.attr_set |= MOUNT_ATTR_NODEV;
  }
  return ::syscall(SYS_mount_setattr, directory, path, AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                   sizeof attributes);
}

}  // namespace cell
