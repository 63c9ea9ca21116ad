#pragma once

#include <cstdint>

namespace cell {

// Where a system call that asks for a path keeps it. An index of -1: there is no such argument; a directory
// of -1 is the working directory.
struct PathCall {
  uint32_t architecture = 0;  // AUDIT_ARCH_…
  uint64_t number = 0;
  int directory = -1;
  int path = 0;
  int open_flags = -1;
};

// The calls whose answer tells whether something stands at a path; null: not one of them. What only makes
// something (mkdir, symlink, the new name of rename) asks for nothing.
[[nodiscard]] const PathCall* path_call(uint32_t architecture, uint64_t number);

}  // namespace cell
