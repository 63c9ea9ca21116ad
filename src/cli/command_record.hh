#pragma once

#include "base/clock.hh"
#include "cli/journal.hh"
#include "intercept/observer.hh"

namespace cli {

// What the journal says of a command. `wall_now`: when it was answered.
[[nodiscard]] CommandRecord record_of(const intercept::CommandReport& report, base::Nanoseconds wall_now);

}  // namespace cli
