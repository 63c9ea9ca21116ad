#pragma once

#include <cstddef>
#include <functional>
#include <set>

namespace fake {

// Which of the items 0 … count-1 can be left out of a failure so that it stays one? Leaves out halves, then
// quarters, … then one after the other, until nothing more can go or it has tried so often. Deterministic if
// `still_fails` is.
using StillFails = std::function<bool(const std::set<size_t>& left_out)>;
[[nodiscard]] std::set<size_t> superfluous(size_t count, const StillFails& still_fails, size_t tries = 2000);

}  // namespace fake
