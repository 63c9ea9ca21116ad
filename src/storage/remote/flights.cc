#include "storage/remote/flights.hh"

#include <algorithm>
#include <chrono>

namespace storage {

Flights::Claim Flights::claim(std::span<const object::Digest> digests, std::vector<object::Digest>& taken) {
  std::vector<object::Digest> mine;
  const std::scoped_lock lock(mutex_);
  for (const object::Digest& digest : digests) {
    (flying_.insert(digest).second ? mine : taken).push_back(digest);
  }
  return {*this, std::move(mine)};
}

bool Flights::wait(std::span<const object::Digest> digests, const base::StillWanted& wanted) {
  constexpr std::chrono::milliseconds kGlance{50};
  std::unique_lock lock(mutex_);
  const auto landed = [&] {
    return std::none_of(digests.begin(), digests.end(),
                        [this](const object::Digest& digest) { return flying_.count(digest) != 0; });
  };
  while (!landed_.wait_for(lock, kGlance, landed)) {
    if (!base::is_wanted(wanted)) {
      return false;
    }
  }
  return true;
}

void Flights::land(std::span<const object::Digest> digests) {
  {
    const std::scoped_lock lock(mutex_);
    for (const object::Digest& digest : digests) {
      flying_.erase(digest);
    }
  }
  landed_.notify_all();
}

}  // namespace storage
