#pragma once

#include "ir/result.hh"
#include "ir/thunk.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <functional>
#include <string>
#include <vector>

namespace cli {

// Reading the IR back for people: `describe`, `graph`, `explain`. All throw base::OperatorError when the
// store lacks an object or holds something else under its name.

[[nodiscard]] std::string read_object(object::Store& store, const object::Digest& digest);
[[nodiscard]] ir::Thunk read_thunk(object::Store& store, const object::Digest& thunk);
[[nodiscard]] ir::Command read_command(object::Store& store, const object::Digest& command);
[[nodiscard]] object::Directory read_directory(object::Store& store, const object::Digest& directory);

// Calls `visit` with each entry that isn't a directory, and its path from the root without a leading "/", in
// order.
void walk(object::Store& store, const object::Digest& root,
          const std::function<void(const std::string& path, const object::Entry&)>& visit);

// The promises that stand in the thunk's input tree, sorted, each once.
[[nodiscard]] std::vector<object::Promise> dependencies(object::Store& store, const object::Digest& thunk);

// The thunk's final result, if a memo has one.
[[nodiscard]] std::optional<ir::Result> memo_of(object::Records& records, const object::Digest& thunk);

}  // namespace cli
