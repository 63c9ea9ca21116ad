#pragma once

#include "sandbox/cell/landlock.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/wire.hh"

#include <linux/filter.h>

#include <array>

namespace cell {

struct Streams {
  int in = -1;  // /dev/null
  int out = -1;
  int err = -1;
  int absent = -1;  // -1: not traced
};

// What every container of a cell has.
struct Walls {
  sock_fprog filter{};                 // empty: none
  const Landlock* landlock = nullptr;  // with a shared root; else null, and the root is the container's own
  int nice = 0;                        // the command's, for setpriority(2)
  int parent = -1;                     // the cell's pidfd
};

// Becomes the init (pid 1) of a container, in new pid, mount and ipc namespaces: puts the root together,
// sends it to gg, runs the command as pid 2, waits for it, and ends; the kernel then kills whatever is left
// in the pid namespace. With a shared root it is an ordinary process, and what is left falls to the
// cell. What came of it is in `report`, which the cell reads once this process is gone.
[[noreturn]] void run_as_init(const sandbox::wire::Run& run, const Streams& streams, const Walls& walls,
                              sandbox::wire::Report& report);

// The container's root, put together at /root and then entered. The proc file system comes back as a
// descriptor, attached nowhere, writable and hiding nobody: init's own.
int enter_root(const sandbox::wire::Run& run, const Stage& stage);

}  // namespace cell
