#pragma once

#include "engine/threads/attempted.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <string>

namespace engine {

// An object that an attempt needs; one that the store does not hold is `lost`. `what` is for messages ("the
// thunk").
[[nodiscard]] Attempted<std::string> read_object(object::Store& store, const object::Digest& digest,
                                                 const char* what);
[[nodiscard]] Attempted<object::Directory> read_directory(object::Store& store, const object::Digest& digest,
                                                          const char* what);

}  // namespace engine
