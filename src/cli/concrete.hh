#pragma once

#include "ir/result.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <optional>

namespace cli {

// What the promise has become, by its thunk's memo; nullopt where there is none, or that output was not made.
// Throws base::OperatorError as the readers of thunk_reader.hh do.
[[nodiscard]] std::optional<object::Entry> kept(object::Records& records, const object::Promise& promise);

// The thunk with every promise of its input tree replaced by what memos say, in the store: what an engine
// executes. nullopt where a memo is missing. Throws as kept() does.
[[nodiscard]] std::optional<object::Digest> concrete_form(object::Store& store, object::Records& records,
                                                          const object::Digest& thunk);

// The result with every promise in its outputs replaced by what memos say, directories in the store; nullopt
// where a memo is missing. Throws as kept() does.
[[nodiscard]] std::optional<ir::Result> settled(object::Store& store, object::Records& records,
                                                const ir::Result& result);

}  // namespace cli
