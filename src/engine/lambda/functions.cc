#include "engine/lambda/functions.hh"

#include <algorithm>
#include <limits>
#include <utility>

namespace engine {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstThrottle{100};  // doubles
constexpr milliseconds kLastThrottle{1600};
constexpr milliseconds kFirstPause{250};  // after a failure; doubles
constexpr milliseconds kLastPause{30'000};
constexpr unsigned kMoreAfterThrottle = 16;  // or an eighth of what runs, if that is more
constexpr unsigned kFailuresBeforePause = 2;
constexpr unsigned kUnlimited = std::numeric_limits<unsigned>::max() / 2;

milliseconds doubled(milliseconds first, unsigned times, milliseconds most) {
  return std::min(first * (1U << std::min(times, 10U)), most);
}

}  // namespace

Functions::Functions(std::vector<Function> functions, Jitter jitter) : jitter_(std::move(jitter)) {
  for (Function& function : functions) {
    classes_.push_back(function.memory_mb);
    places_.emplace_back();
    places_.back().function = std::move(function);
    places_.back().room = kUnlimited;
  }
  std::sort(classes_.begin(), classes_.end());
  classes_.erase(std::unique(classes_.begin(), classes_.end()), classes_.end());
}

size_t Functions::class_for(uint64_t memory_bytes) const {
  const auto found = std::find_if(classes_.begin(), classes_.end(),
                                  [memory_bytes](uint64_t mb) { return mb << 20U >= memory_bytes; });
  return std::min(static_cast<size_t>(found - classes_.begin()), classes_.size() - 1);
}

std::chrono::seconds Functions::timeout() const {
  return std::max_element(
             places_.begin(), places_.end(),
             [](const Place& a, const Place& b) { return a.function.timeout < b.function.timeout; })
      ->function.timeout;
}

std::optional<size_t> Functions::take(size_t memory_class, base::Nanoseconds now) {
  std::optional<size_t> best;
  for (size_t step = 0; step < places_.size(); ++step) {
    const size_t number = (turn_ + step) % places_.size();
    Place& place = places_[number];
    if (place.is_gone || !is_of(place, memory_class) || place.not_before > now) {
      continue;
    }
    if (std::exchange(place.is_paused, false)) {
      place.room = place.running + std::max(kMoreAfterThrottle, place.running / 8);
    }
    if (place.running < place.room && (!best || place.running < places_[*best].running)) {
      best = number;
    }
  }
  if (best) {
    ++places_[*best].running;
    turn_ = *best + 1;
  }
  return best;
}

void Functions::done(size_t number, Went went, base::Nanoseconds now) {
  Place& place = places_[number];
  --place.running;
  switch (went) {
    case Went::Well:
      place.failures = 0;
      if (place.throttled > 0 && place.not_before <= now) {
        place.throttled = 0;
      }
      place.room = std::min(place.room + 1, kUnlimited);
      break;
    case Went::Throttled:
      place.room = place.running;
      place.is_paused = true;
      // All that were on their way together are throttled together, which says one thing once.
      if (place.not_before <= now) {
        place.not_before = now + jitter_(doubled(kFirstThrottle, place.throttled, kLastThrottle));
        ++place.throttled;
      }
      break;
    case Went::Badly:
      if (++place.failures >= kFailuresBeforePause && place.not_before <= now) {
        place.not_before =
            now + jitter_(doubled(kFirstPause, place.failures - kFailuresBeforePause, kLastPause));
      }
      break;
    case Went::Gone:
      place.is_gone = true;
      break;
  }
}

std::optional<base::Nanoseconds> Functions::next_chance(size_t memory_class) const {
  std::optional<base::Nanoseconds> next;
  for (const Place& place : places_) {
    if (!place.is_gone && is_of(place, memory_class) && place.not_before.count() != 0) {
      next = std::min(next.value_or(place.not_before), place.not_before);
    }
  }
  return next;
}

bool Functions::are_gone(size_t memory_class) const {
  return std::all_of(places_.begin(), places_.end(), [&](const Place& place) {
    return !is_of(place, memory_class) || (place.is_gone && place.running == 0);
  });
}

}  // namespace engine
