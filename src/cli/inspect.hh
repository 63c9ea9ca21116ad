#pragma once

#include "object/store.hh"
#include "object/tree.hh"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cli {

enum class Format { Text, Json, Dot };

// What a thunk runs, on what, for what, and what came of it.
[[nodiscard]] std::string describe_thunk(object::Store& store, object::Records& records,
                                         const object::Digest& thunk, Format format);

// What a word that is no thunk's stands for; of a directory also all that is in it, in whatever depth.
[[nodiscard]] std::string describe_entry(object::Store& store, const object::Entry& entry, Format format);

// The thunk that made the file at an absolute path last.
using MakerOf = std::function<std::optional<object::Digest>(const std::string& path)>;

// The graph below the given thunks: every thunk that they depend on, each once. A promise is a dependency;
// and so is a file that `maker_of` its path made with these very bytes: it was real before the thunk was
// inferred, which is a matter of timing.
[[nodiscard]] std::string graph_of(object::Store& store, object::Records& records,
                                   const std::vector<object::Digest>& targets, const MakerOf& maker_of,
                                   Format format);

}  // namespace cli
