#pragma once

#include "object/store.hh"

#include <string>
#include <vector>

namespace cli {

enum class Format { Text, Json, Dot };

// What a thunk runs, on what, for what, and what came of it.
[[nodiscard]] std::string describe_thunk(object::Store& store, object::Records& records,
                                         const object::Digest& thunk, Format format);

// The graph below the given thunks: every thunk that they depend on through promises, each once.
[[nodiscard]] std::string graph_of(object::Store& store, object::Records& records,
                                   const std::vector<object::Digest>& targets, Format format);

}  // namespace cli
