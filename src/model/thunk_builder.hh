#pragma once

#include "base/result.hh"
#include "model/footprint.hh"
#include "model/model.hh"
#include "object/store.hh"

namespace model {

// Footprint -> thunk: the input tree at the user's own absolute paths, symlinks on the way to an input
// included as symlinks, placeholders as promises. Puts thunk, command and directories into the store. Any
// thread. A missing input is an error that names it.
[[nodiscard]] base::Result<Inferred> build_thunk(const Footprint& footprint, View& view,
                                                 object::Store& store);

// As the kernel would see it: relative to `directory` unless absolute, without "." and empty components. ".."
// stays.
[[nodiscard]] std::string absolute(const std::string& path, const std::string& directory);

}  // namespace model
