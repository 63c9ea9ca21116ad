#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"
#include "exec/tree_reader.hh"
#include "ir/dynamic.hh"
#include "object/store.hh"

#include <map>
#include <string>

// The container's side of dynamic graphs (spec/dynamic.md): what a dynamic thunk finds in its own directory,
// and taking over what it left there.
namespace exec {

// Adds to the layout of the input tree `root` what tells the process which objects it already has. An error
// (Deterministic) if the tree itself holds something at those places.
[[nodiscard]] Expected<void> add_own_tree(TreeReader& trees, const object::Digest& root, Layout& layout);

// The promises that the process returned. Every object that they need and that the process made is in the
// store afterwards. An error (Deterministic) that names the culprit: bytes that do not match their name; a
// thunk, command or directory that cannot be read; one that names an object which is neither in the thunk's
// own tree (`layout`, with what add_own_tree() added) nor newly made; a promise of an output that its thunk
// does not declare; a path that is at or below no declared output (`places`: as declared, and from the root).
// `root`: a descriptor of the container's "/" as the process left it.
[[nodiscard]] Expected<ir::Returned> take_returned(int root, const Layout& layout,
                                                   const std::map<std::string, std::string>& places,
                                                   object::Store& store, const base::StillWanted& wanted);

}  // namespace exec
