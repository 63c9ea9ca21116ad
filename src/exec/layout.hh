#pragma once

#include "exec/failure.hh"
#include "exec/tree_reader.hh"
#include "object/digest.hh"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exec {

// What stands at one path of a container's root.
struct Node {
  enum class Kind : uint8_t { Directory, File, Symlink };

  std::string path;  // below the root: "usr/include/stdio.h"
  Kind kind = Kind::Directory;
  object::Digest digest;    // File
  bool executable = false;  // File
  bool writable = false;    // File: an output stands at this path, so the command rewrites it
  unsigned repeat = 0;      // File: how many files with the same bytes come before it in the layout
  std::string target;       // Symlink

  bool operator==(const Node&) const = default;
};

// Parents before children, siblings in bytewise order.
using Layout = std::vector<Node>;

// The order of a Layout: bytewise, but with '/' before all other bytes.
[[nodiscard]] bool comes_before(std::string_view a, std::string_view b);

// Below which paths ("" is the root) the command makes its outputs: what the input tree holds there has to be
// writable.
using OutputPaths = std::set<std::string, std::less<>>;

// All that the tree holds. A promise in it is an error (Ours): only concrete thunks are executed.
[[nodiscard]] Expected<Layout> lay_out(TreeReader& trees, const object::Digest& root,
                                       const OutputPaths& outputs);

}  // namespace exec
