#pragma once

#include "sandbox/cell/report.hh"
#include "sandbox/wire.hh"

namespace cell {

// Moves this process into namespaces of its own (user, mount, network, ipc, uts) and makes its root a small
// one:
//   /host/N   the N-th of the host directories that were asked for
//   /dev      read-only: null zero full random urandom, fd links, shm/
//   /proc     the host's; without it the kernel would not let us mount one for a container
//   /empty /space /root   mount points for the containers to come
// Nothing else of the host stays in sight, and a mount namespace with ten mounts is quick to copy per
// container. Ends the process if the kernel refuses; `stage` says what.
void enter_namespaces(const sandbox::wire::Start& start, const Stage& stage);

// In their place, where the root is shared: orphans fall to this process, which nobody may look into, and
// what it executes gains nothing. Not for root: its commands could undo all that. True: a seccomp filter may
// be set.
[[nodiscard]] bool stay_in_shared_root(const Stage& stage);

}  // namespace cell
