#pragma once

#include "sandbox/wire.hh"

#include <ctime>

namespace cell {

// Looks at what all processes of a container use together, from its init. Needed because no plain limit does:
// RLIMIT_AS and RLIMIT_DATA count address space that AddressSanitizer, Go and Java reserve by terabytes, a
// cgroup needs a privilege or a delegation, and RLIMIT_NPROC, which does not bind the user that is root
// outside, lets those go on that it keeps from growing.
class Watch {
 public:
  enum class Whose {
    All,         // of the pid namespace
    Descendants  // of this process; there is no pid namespace, and files lie on a disk that others use, too
  };

  // `proc` is a proc file system that hides nobody; owned from here on.
  Watch(const sandbox::wire::Run& run, int proc, Whose whose);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // There is nothing to look at: init may simply wait.
  [[nodiscard]] bool idle() const { return memory_bytes_ == 0 && processes_ == 0; }

  // Exited when all is well. Does nothing within 10 ms of the last look, or of the start: a traced command
  // stops thousands of times a second.
  [[nodiscard]] sandbox::wire::How look();

  // Sleeps until a child ends or it is time to look again.
  void pause();

 private:
  [[nodiscard]] sandbox::wire::How look_at_descendants() const;

  Whose whose_;
  uint64_t disk_bytes_;
  uint64_t free_before_;  // on the disk of /tmp
  uint64_t memory_bytes_;
  uint64_t processes_;
  int proc_;
  long interval_ms_;
  timespec last_look_{};
};

}  // namespace cell
