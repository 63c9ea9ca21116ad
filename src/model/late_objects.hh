#pragma once

#include "model/model.hh"
#include "object/store.hh"

#include <string>

namespace model {

// Is what a link reads at the absolute path an object, or an archive with one, that gcc is to compile at link
// time (-flto)? What is promised is told by the commands that make it. False for what is no file.
[[nodiscard]] base::Result<bool> is_compiled_at_link(View& view, object::Store& store,
                                                     const std::string& path);

}  // namespace model
