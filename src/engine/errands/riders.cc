#include "engine/errands/riders.hh"

namespace engine {

Riders::Split Riders::split(const std::vector<object::Digest>& lacking) {
  const std::scoped_lock lock(mutex_);
  Split split;
  uint64_t bytes = 0;
  for (const object::Digest& digest : lacking) {
    const bool rides = digest.size() <= kLargest && rode_.count(digest) == 0;
    (rides ? split.riding : split.stored).push_back(digest);
    bytes += rides ? digest.size() : 0;
  }
  if (bytes > kMostBytes) {  // the first of many that share their inputs
    return {{}, lacking};
  }
  rode_.insert(split.riding.begin(), split.riding.end());
  return split;
}

}  // namespace engine
