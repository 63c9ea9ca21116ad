#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

// Where there is no pid namespace whose end ends all processes in it, they are found by who made whom. Nobody
// gets away: whoever loses its parent falls to the nearest ancestor that is a subreaper (prctl(2)).
namespace sandbox {

struct Descendant {
  pid_t pid;
  uint64_t threads;
  uint64_t resident_pages;
  bool has_ended;  // but is not reaped yet
};

// All below `ancestor`, as /proc (the descriptor `proc`) shows them now.
[[nodiscard]] std::vector<Descendant> descendants_of(pid_t ancestor, int proc);

// Ends and reaps all below the calling process, which has to be a subreaper; however fast they fork. Nobody
// else may wait for its children meanwhile.
void end_descendants(int proc);

}  // namespace sandbox
