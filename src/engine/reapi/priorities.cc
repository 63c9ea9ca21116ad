#include "engine/reapi/priorities.hh"

#include <algorithm>
#include <cmath>

namespace engine {

int32_t Priorities::of(uint32_t path) {
  // Estimates are known to a tenth at best, and ranges may be small.
  constexpr double kStepsToHalf = 8;
  uint32_t longest = longest_.load();
  while (path > longest && !longest_.compare_exchange_weak(longest, path)) {
  }
  longest = std::max(longest, path);
  const double behind =
      std::log2(static_cast<double>(longest) + 1) - std::log2(static_cast<double>(path) + 1);
  const int32_t first = std::clamp(0, range_.least, range_.most);
  return static_cast<int32_t>(std::min<int64_t>(range_.most, first + std::lround(behind * kStepsToHalf)));
}

}  // namespace engine
