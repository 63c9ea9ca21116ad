#pragma once

#include "sched/action.hh"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace fake {

// What else has to be true of each action: empty if it is, else what is wrong.
using Rule = std::function<std::string(const sched::Action&)>;

// One random history of the reducer: a random world, driven by answers that come late, out of order, twice,
// after a cancel or never, with failures, losses, engines that come and go, that are slow, picky or bill, and
// people who hurry, cancel, drain and ask again. After every event the reducer's structure is checked, at the
// end every answer against the truth. The same seed gives the same history. Nullopt: all was well; else what
// was wrong, and the least that has to happen for something to go wrong.
[[nodiscard]] std::optional<std::string> run_history(uint64_t seed, const Rule& rule = {});

}  // namespace fake
