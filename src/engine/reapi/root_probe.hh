#pragma once

#include "base/result.hh"
#include "engine/reapi/reapi_engine.hh"

namespace engine {

// Does the server make an action's input root its "/", with nothing of the worker's own in it? Else commands
// would see other files than their thunk declares, and their results would be wrong for everybody. Asks by an
// action, which the server executes once and remembers. Blocks. The error says what stands there, and what
// that means.
[[nodiscard]] base::Result<void> check_root(const ReapiEngine::Surroundings& with,
                                            const ReapiEngine::Options& options);

// What a worker may add to an input root: the kernel's, and empty places. Nullopt: nothing else is there.
[[nodiscard]] std::optional<std::string> foreign_in_root(std::string_view listing);

}  // namespace engine
