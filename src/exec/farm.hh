#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"
#include "object/store.hh"

#include <string>

namespace exec {

// A host directory that holds one layout: hard links of the store's objects, and copies where a link would
// not do. It is the read-only lower layer of one container at a time, so nothing that a command does can
// reach the store.
//
// It is never emptied but turned from one thunk's layout into the next one's: thunks that follow one another
// share most of their files, and removing a link costs as much as making one.
//
// The same bytes at several paths are linked once; the others are copies whose mtimes are whole seconds
// apart: clang takes files of one inode, gcc files of one size and mtime, for one file that is included twice
// (#pragma once).
class Farm {
 public:
  // `directory` does not exist yet. Throws base::SyscallError.
  explicit Farm(std::string directory);

  // Removes it.
  ~Farm();
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  // After a failure only the destructor may follow.
  [[nodiscard]] Expected<void> become(const Layout& wanted, object::FileStore& store);

  // How many nodes of `wanted` are there already.
  [[nodiscard]] size_t in_common(const Layout& wanted) const;

  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  [[nodiscard]] Expected<void> remove(const Node& node) const;

  [[nodiscard]] std::string at(const Node& node) const { return directory_ + "/" + node.path; }

  std::string directory_;
  Layout present_;
};

}  // namespace exec
