#pragma once

#include "base/guarded.hh"
#include "exec/failure.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <memory>
#include <unordered_map>

namespace exec {

// Directories of the store, decoded once: thunk after thunk has the same headers in the same folders. Any
// thread.
class TreeReader {
 public:
  // `store` outlives this.
  explicit TreeReader(object::Store& store) : store_(store) {}

  [[nodiscard]] Expected<std::shared_ptr<const object::Directory>> read(const object::Digest& digest);

 private:
  object::Store& store_;
  base::Guarded<std::unordered_map<object::Digest, std::shared_ptr<const object::Directory>>> known_;
};

}  // namespace exec
