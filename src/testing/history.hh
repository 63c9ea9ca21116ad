#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fake {

// One random history of the reducer: a random world, driven by answers that come late, out of order, twice or
// after a cancel, with failures, losses, engines that come and go, and people who hurry, cancel and ask
// again. After every event the reducer's structure is checked, at the end every answer against the truth. The
// same seed gives the same history. Nullopt: all was well; else what was wrong, and what had happened.
[[nodiscard]] std::optional<std::string> run_history(uint64_t seed);

}  // namespace fake
