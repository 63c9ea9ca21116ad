#pragma once

#include "ir/thunk.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <map>
#include <string>

namespace model {

// A thunk of this build that something now depends on.
struct ReadThunk {
  ir::Command command;
  object::Digest input_root;
};

[[nodiscard]] base::Result<ReadThunk> read_thunk(object::Store& store, const object::Digest& name);

// Every file, symlink and promise of its tree, by absolute path.
[[nodiscard]] base::Result<std::map<std::string, object::Entry>> leaves_of(object::Store& store,
                                                                           const ReadThunk& thunk);

// Is it `ar …T…`, whose archive refers to its members instead of holding them?
[[nodiscard]] bool makes_thin_archive(const ReadThunk& thunk);

}  // namespace model
