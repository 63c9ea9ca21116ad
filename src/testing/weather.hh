#pragma once

#include "sched/policy.hh"

#include <array>
#include <random>

namespace fake {

// What may happen in a history, decided by its seed.
struct Weather {
  bool hiccups = false;   // steps and attempts fail in ways worth a retry, fewer times than the policy bears
  bool repeats = false;   // answers come again
  bool losses = false;    // the store loses outputs
  bool cancels = false;   // everything is cancelled, and asked for again
  bool failures = false;  // of commands
  bool stops = false;     // at the first failure
  bool outages = false;   // engines go away and come back
  bool doubts = false;    // an engine's failures are repeated
  bool silences = false;  // some attempts are answered never, or after they were given up
  bool slowness = false;  // time goes on meanwhile, so that there are stragglers
  bool bills = false;  // some engines cost something, now and then more than they said, and there is a budget
  bool needs = false;  // engines and jobs differ in size, platform and place
  bool drains = false;   // nothing new starts from some moment on
  bool forgets = false;  // nothing is remembered that need not be

  [[nodiscard]] bool calm() const {
    return !hiccups && !repeats && !losses && !cancels && !stops && !outages && !doubts && !silences &&
           !slowness && !bills && !needs &&
           !drains;  // what is forgotten costs a look-up, never a second execution
  }
};

inline constexpr std::array kTroubles{
    &Weather::hiccups, &Weather::repeats, &Weather::losses, &Weather::cancels,  &Weather::failures,
    &Weather::stops,   &Weather::outages, &Weather::doubts, &Weather::silences, &Weather::slowness,
    &Weather::bills,   &Weather::needs,   &Weather::drains, &Weather::forgets,
};

inline Weather weather_for(std::mt19937_64& random) {
  const auto now_and_then = [&random] { return random() % 3 == 0; };
  Weather weather;
  weather.failures = now_and_then();
  if (now_and_then()) {
    weather.forgets = random() % 2 == 0;
    return weather;
  }
  for (const auto trouble : kTroubles) {
    if (trouble != &Weather::failures) {
      weather.*trouble = now_and_then();
    }
  }
  weather.stops = weather.stops && weather.failures;
  return weather;
}

inline sched::Policy policy_for(const Weather& weather, std::mt19937_64& random) {
  sched::Policy policy;
  policy.on_failure = !weather.stops      ? sched::OnFailure::KeepGoing
                      : random() % 2 == 0 ? sched::OnFailure::FinishRunning
                                          : sched::OnFailure::CancelRunning;
  policy.max_attempts = 30;
  policy.tries_elsewhere = 10;
  policy.stragglers.samples = static_cast<unsigned>(1 + random() % 3);
  policy.stragglers.percentile = 50;
  policy.stragglers.per_thunk = static_cast<unsigned>(random() % 3);
  policy.stragglers.free = static_cast<unsigned>(random() % 6);
  if (weather.forgets) {
    policy.kept_calls = static_cast<unsigned>(random() % 3);
    policy.kept_thunks = random() % 3;
  }
  if (weather.bills) {
    policy.budget.executions = random() % 60;
    policy.budget.micro_dollars = random() % 20'000;
    policy.longest_attempt = std::chrono::seconds{10};
  }
  policy.seed = random();
  return policy;
}

}  // namespace fake
