#pragma once

#include "model/model.hh"

namespace model {

// What stands at the absolute path with symlinks at its end followed: File, Promise, Subdirectory, or
// nullopt.
[[nodiscard]] base::Result<std::optional<object::Entry>> look_through(View& view, const std::string& path);

}  // namespace model
