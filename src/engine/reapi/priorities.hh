#pragma once

#include <atomic>
#include <cstdint>

namespace engine {

// Which priorities a server knows; a lower one is taken sooner. 0 is what it does by default.
struct PriorityRange {
  int32_t least = 0;
  int32_t most = 0;

  bool operator==(const PriorityRange&) const = default;
};

// What to ask a server for, so that of this run's jobs those with the longest way to the end of it go first.
// The longest way of all so far has what the server does by default: others' actions are never put behind
// ours, whatever they are. Any thread.
class Priorities {
 public:
  explicit Priorities(PriorityRange range) : range_(range) {}

  // `path`: sched::Job::path.
  [[nodiscard]] int32_t of(uint32_t path);

 private:
  const PriorityRange range_;
  std::atomic<uint32_t> longest_{0};
};

}  // namespace engine
