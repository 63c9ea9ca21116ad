#pragma once

#include "base/result.hh"
#include "engine/reapi/reapi_engine.hh"

namespace engine {

// Who makes an action's input root its "/", with nothing of the worker's own in it: the server, or, if it
// does not, gg-exec. Else commands would see other files than their thunk declares, and their results would
// be wrong for everybody. Asks by actions, which the server executes once and remembers. Blocks. The error:
// neither does; and why.
[[nodiscard]] base::Result<Lowering::Root> find_root(const ReapiEngine::Surroundings& with,
                                                     ReapiEngine::Options options);

// The first name in the listing that a worker has added to the input root, apart from what the kernel has and
// empty places; nullopt: none.
[[nodiscard]] std::optional<std::string> foreign_in_root(std::string_view listing);

}  // namespace engine
