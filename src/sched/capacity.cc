#include "sched/capacity.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sched {

namespace {

// The smaller of two limits of which either may be unsaid.
template <class T>
T stricter(T a, T b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

}  // namespace

std::string refusal(const Hints& job, const Capacity& place) {
  struct Amount {
    const char* unit;
    uint64_t needs;
    uint64_t has;
  };

  const std::array<Amount, 3> amounts{{
      {"cores", job.cores, place.job_cores},
      {"bytes of memory", job.memory_bytes, stricter(place.memory_bytes, place.job_memory_bytes)},
      {"bytes of disk", job.disk_bytes, place.job_disk_bytes},
  }};
  for (const Amount& amount : amounts) {
    if (amount.has != 0 && amount.needs > amount.has) {
      return fmt::format("it needs {} {}, and {} are there", amount.needs, amount.unit, amount.has);
    }
  }
  if (!job.platform.empty() && !place.platform.empty() && job.platform != place.platform) {
    return fmt::format("it needs {}, and this is {}", job.platform, place.platform);
  }
  if (job.local_only && !place.is_local) {
    return "it must not leave the user's machine";
  }
  return {};
}

}  // namespace sched
