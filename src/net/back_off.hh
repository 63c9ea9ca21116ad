#pragma once

#include "base/still_wanted.hh"

#include <chrono>

namespace net {

// Half of the time to the whole of it, so that many who failed together do not come again together. Any
// thread.
[[nodiscard]] std::chrono::milliseconds with_jitter(std::chrono::milliseconds time);

// Waits; false as soon as nobody wants it any more.
[[nodiscard]] bool pause(std::chrono::milliseconds time, const base::StillWanted& wanted);

}  // namespace net
