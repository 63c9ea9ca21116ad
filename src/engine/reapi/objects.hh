#pragma once

#include "object/store.hh"
#include "object/tree.hh"
#include "sched/engine.hh"

#include <string>

namespace engine {

template <class T>
using ReapiExpected = tl::expected<T, sched::AttemptFailure>;

[[nodiscard]] tl::unexpected<sched::AttemptFailure> failed(base::Error error);

// An object that an attempt needs; one that the store does not hold is `lost`. `what` is for messages ("the
// thunk").
[[nodiscard]] ReapiExpected<std::string> read_object(object::Store& store, const object::Digest& digest,
                                                     const char* what);
[[nodiscard]] ReapiExpected<object::Directory> read_directory(object::Store& store,
                                                              const object::Digest& digest, const char* what);

}  // namespace engine
