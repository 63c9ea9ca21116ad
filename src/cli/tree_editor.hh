#pragma once

#include "object/store.hh"
#include "object/tree.hh"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace cli {

// Makes trees out of trees, in a store. Remembers directories that it has read.
class TreeEditor {
 public:
  // `store` outlives this.
  explicit TreeEditor(object::Store& store) : store_(store) {}

  // By path from the root, "usr/bin/sh"; none inside another that is no directory.
  using Entries = std::map<std::string, object::Entry>;

  // The tree `base` with `entries` in it, in place of what stands there: a directory is laid over another
  // (what both have is the new one's), all else replaces. Throws base::OperatorError that names a path below
  // something that is no directory, or an object that the store lacks.
  [[nodiscard]] object::Digest lay_over(const object::Digest& base, const Entries& entries);

  // What stands at a path of a tree; "" is the tree itself. No symlink is followed.
  [[nodiscard]] std::optional<object::Entry> at(const object::Digest& root, const std::string& path);

  // The directory as it stands, with `owes` as it is.
  [[nodiscard]] object::Subdirectory subdirectory(const object::Digest& digest);

 private:
  [[nodiscard]] const object::Directory& read(const object::Digest& digest);
  void put_over(object::Directory& directory, const std::string& name, const object::Entry& entry);

  object::Store& store_;
  std::unordered_map<object::Digest, object::Directory> known_;
};

}  // namespace cli
