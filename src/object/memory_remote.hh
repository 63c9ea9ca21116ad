#pragma once

#include "object/memory_store.hh"

namespace object {

// For tests. A store far away, and how often it was asked.
class MemoryRemote final : public RemoteStore {
 public:
  base::Result<std::optional<std::string>> get(const Digest& digest) override { return memory.get(digest); }

  base::Result<Digest> put(std::string_view bytes) override { return memory.put(bytes); }

  base::Result<Digest> put_file(int fd, std::string_view subject, const StillWanted& wanted) override {
    return memory.put_file(fd, subject, wanted);
  }

  base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    ++asked;
    return memory.missing(digests);
  }

  base::Result<std::vector<Digest>> send(std::span<const Digest> digests, Store& from,
                                         const Wanted& /*wanted*/) override {
    ++asked;
    std::vector<Digest> lost;
    const std::vector<Digest> lacking = memory.missing(digests).value();
    for (const Digest& digest : lacking) {
      if (const auto bytes = *from.get(digest)) {
        static_cast<void>(memory.put(*bytes));
        sent.push_back(digest);
      } else {
        lost.push_back(digest);
      }
    }
    return lost;
  }

  base::Result<std::vector<Digest>> fetch(std::span<const Digest> digests, Store& into,
                                          const Wanted& /*wanted*/) override {
    ++asked;
    for (const Digest& digest : digests) {
      if (const auto bytes = *memory.get(digest)) {
        static_cast<void>(into.put(*bytes));
      }
    }
    return memory.missing(digests);
  }

  void distrust(std::span<const Digest> digests) override {
    distrusted.insert(distrusted.end(), digests.begin(), digests.end());
  }

  MemoryStore memory;
  int asked = 0;
  std::vector<Digest> sent;
  std::vector<Digest> distrusted;
};

}  // namespace object
