#include "testing/shrink.hh"

#include <algorithm>

namespace fake {

std::set<size_t> superfluous(size_t count, const StillFails& still_fails, size_t tries) {
  std::set<size_t> left_out;
  const auto try_without = [&](size_t from, size_t to) {
    std::set<size_t> more = left_out;
    for (size_t item = from; item < to; ++item) {
      more.insert(item);
    }
    if (more.size() == left_out.size() || tries == 0) {
      return false;
    }
    --tries;
    const bool can_go = still_fails(more);
    if (can_go) {
      left_out = std::move(more);
    }
    return can_go;
  };
  for (size_t step = std::max<size_t>(count, 1); step > 0; step /= 2) {
    bool again = true;
    while (again) {
      again = false;
      for (size_t from = 0; from < count; from += step) {
        again = try_without(from, std::min(count, from + step)) || again;
      }
      again = again && step == 1;  // what had to stay may go now that others are gone
    }
  }
  return left_out;
}

}  // namespace fake
