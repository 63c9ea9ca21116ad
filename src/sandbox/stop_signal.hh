#pragma once

#include "base/unique_fd.hh"

namespace sandbox {

// Tells whoever waits for a container that its answer is not wanted any more. Raised once, from any thread;
// stays raised.
class StopSignal {
 public:
  // Throws base::SyscallError (out of descriptors).
  StopSignal();

  void raise() const;
  [[nodiscard]] bool raised() const;

  // Readable when raised: for poll(2).
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  base::UniqueFd event_;
};

}  // namespace sandbox
