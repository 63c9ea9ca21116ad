#pragma once

#include "base/result.hh"
#include "ir/result.hh"
#include "ir/thunk.hh"

#include <functional>
#include <optional>
#include <vector>

// The reduction rules. No I/O of their own: directories come and go through the two functions given.
namespace ir {

using ReadDirectory = std::function<base::Result<object::Directory>(const object::Digest&)>;
using WriteDirectory = std::function<base::Result<object::Digest>(const object::Directory&)>;

// All promises that stand in the tree, each once, sorted. Visits only sub-trees that owe, each once; trees of
// any depth. A directory that says it owes nothing is taken at its word: what lays the tree out meets the
// promise then.
[[nodiscard]] base::Result<std::vector<object::Promise>> promises_in(const object::Digest& root,
                                                                     const ReadDirectory& read);

// What a promise has become: a file, a symlink, or a directory that owes nothing.
using Concrete = std::function<std::optional<object::Entry>(const object::Promise&)>;

// The tree with every promise replaced, written bottom up; only directories that owe are read, besides the
// root, and written. An error (Deterministic) names the first promise that `concrete` does not know; an
// answer of `concrete` that still owes is an error, too (Ours).
[[nodiscard]] base::Result<object::Digest> substitute(const object::Digest& root, const ReadDirectory& read,
                                                      const WriteDirectory& write, const Concrete& concrete);

}  // namespace ir
