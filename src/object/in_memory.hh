#pragma once

#include "object/memory_store.hh"

namespace object {

// For tests: what any store port wants of its objects, kept in memory. Port: FileStore or RemoteStore.
template <class Port>
class InMemory : public Port {
 public:
  [[nodiscard]] base::Result<std::optional<std::string>> get(const Digest& digest) override {
    return memory.get(digest);
  }

  [[nodiscard]] base::Result<Digest> put(std::string_view bytes) override { return memory.put(bytes); }

  [[nodiscard]] base::Result<Digest> put_file(int fd, std::string_view subject,
                                              const base::StillWanted& wanted) override {
    return memory.put_file(fd, subject, wanted);
  }

  [[nodiscard]] base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    return memory.missing(digests);
  }

  MemoryStore memory;
};

}  // namespace object
