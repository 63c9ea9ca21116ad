#pragma once

#include "base/unique_fd.hh"

#include <atomic>
#include <cstdint>
#include <string>

namespace intercept {

// May a placeholder of this store's promises stand anywhere in the user's files? Told in nanoseconds, by
// three numbers that all sessions of one state directory share in memory: so a build's opens need no look at
// files as long as there is nothing to find. Any thread.
class Outstanding {
 public:
  enum class Stay : bool { No, Yes };  // beyond the session: `gg infer`

  // Throws SyscallError where the file of the numbers cannot be used.
  explicit Outstanding(const std::string& state_dir);
  ~Outstanding();
  Outstanding(const Outstanding&) = delete;
  Outstanding& operator=(const Outstanding&) = delete;

  // Before a session writes its first placeholder. On the disk when it returns: numbers that a loss of power
  // took back could later say that there is none while there is one. Throws SyscallError.
  void announce(Stay stay);

  // How many sessions have announced some, ever.
  [[nodiscard]] uint64_t announced() const { return shared_->announced; }

  // All of the first `announced` sessions are over, and have been cleaned up after.
  void settle(uint64_t announced);

  [[nodiscard]] bool none() const { return shared_->announced == shared_->settled && shared_->staying == 0; }

 private:
  struct Shared {
    std::atomic<uint64_t> announced;
    std::atomic<uint64_t> settled;  // of these
    std::atomic<uint64_t> staying;
  };

  static_assert(std::atomic<uint64_t>::is_always_lock_free);

  const std::string path_;
  base::UniqueFd file_;
  Shared* shared_;
};

}  // namespace intercept
