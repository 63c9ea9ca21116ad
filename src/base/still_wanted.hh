#pragma once

#include <functional>

namespace base {

// Is the answer still wanted? Asked between the pieces of long work, on the thread that does it. Empty: it
// is.
using StillWanted = std::function<bool()>;

[[nodiscard]] inline bool is_wanted(const StillWanted& wanted) {
  return !wanted || wanted();
}

}  // namespace base
