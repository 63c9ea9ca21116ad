#pragma once

#include <string>
#include <vector>

namespace cell {

// What Landlock, where the kernel has it, adds to a root that is shared: only some directories are in reach,
// no TCP, no signals to and no look into processes outside, no abstract sockets of theirs (each from the
// version on that knows it; landlock(7)).
class Landlock {
 public:
  // All below `reachable` may be used as its modes allow; of the rest, directories may be listed. Where there
  // is no Landlock, or one that would forbid to move files between directories, this does nothing.
  explicit Landlock(const std::vector<std::string>& reachable);

  // 0: there is none.
  [[nodiscard]] int version() const { return ruleset_ < 0 ? 0 : version_; }

  // Binds the calling process, for good. Runs in the memory of another (vfork): writes nothing. Below zero,
  // and errno, if that is refused.
  [[nodiscard]] int restrict_self() const;

 private:
  int version_ = 0;
  int ruleset_ = -1;
};

}  // namespace cell
