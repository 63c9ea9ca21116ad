#pragma once

#include "object/digest.hh"

#include <mutex>
#include <unordered_set>
#include <vector>

namespace engine {

// Which objects travel inside an invocation, and which through the store. What is small and has not travelled
// yet rides along: most of it (a thunk, its command, its source) nobody else will ask for. What is wanted
// again goes into the store. So no byte travels more than twice, and a thunk whose headers are there costs no
// request before its own. Any thread.
class Riders {
 public:
  struct Split {
    std::vector<object::Digest> riding;
    std::vector<object::Digest> stored;
  };

  // Of objects that the store lacks.
  [[nodiscard]] Split split(const std::vector<object::Digest>& lacking);

 private:
  static constexpr uint64_t kLargest = 64U << 10U;
  static constexpr uint64_t kMostBytes = 256U << 10U;

  std::mutex mutex_;
  std::unordered_set<object::Digest> rode_;  // under mutex_
};

}  // namespace engine
