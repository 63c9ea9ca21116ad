#pragma once

#include "object/memory_store.hh"

namespace object {

// For tests. Objects in memory; placing one says only whether it is there.
class MemoryFiles final : public FileStore {
 public:
  base::Result<std::optional<std::string>> get(const Digest& digest) override { return memory.get(digest); }

  base::Result<Digest> put(std::string_view bytes) override { return memory.put(bytes); }

  base::Result<Digest> put_file(int fd, std::string_view subject, const StillWanted& wanted) override {
    return memory.put_file(fd, subject, wanted);
  }

  base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    return memory.missing(digests);
  }

  base::Result<bool> place(const Digest& digest, bool /*executable*/, const std::string& /*path*/,
                           Placing /*placing*/) override {
    return memory.missing({&digest, 1})->empty();
  }

  MemoryStore memory;
};

}  // namespace object
