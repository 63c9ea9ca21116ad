#pragma once

#include "object/in_memory.hh"

namespace object {

// For tests. Objects in memory; placing one says only whether it is there.
class MemoryFiles final : public InMemory<FileStore> {
 public:
  base::Result<bool> place(const Digest& digest, bool /*executable*/, const std::string& /*path*/,
                           Placing /*placing*/) override {
    return memory.missing({&digest, 1})->empty();
  }
};

}  // namespace object
