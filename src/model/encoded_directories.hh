#pragma once

#include "base/guarded.hh"
#include "object/digest.hh"
#include "object/tree.hh"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace model {

// Bytes that a thunk names, shared by all thunks that do.
struct EncodedObject {
  object::Digest digest;
  std::shared_ptr<const std::string> bytes;
};

[[nodiscard]] EncodedObject encoded_object(std::string bytes);

// The directories of a build's trees as objects. A folder of headers is the same in thousands of trees, and
// to compare its entries costs a tenth of encoding and hashing them, so large ones are remembered. Any
// thread.
class EncodedDirectories {
 public:
  // In the order of their names. What they point to has to stay for the call only.
  using Entries = std::vector<std::pair<std::string_view, const object::Entry*>>;

  [[nodiscard]] EncodedObject of(const Entries& entries);

 private:
  struct Known {
    object::Directory directory;
    EncodedObject object;
  };

  struct State {
    std::unordered_multimap<size_t, std::shared_ptr<const Known>> directories;  // by hash of their entries
    size_t bytes = 0;                                                           // encoded, all of them
  };

  base::Guarded<State> state_;
};

}  // namespace model
