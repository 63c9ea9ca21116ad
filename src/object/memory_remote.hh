#pragma once

#include "object/in_memory.hh"

namespace object {

// For tests. A store far away, and how often it was asked.
template <class Port>
class MemoryRemoteOf : public InMemory<Port> {
  using Base = InMemory<Port>;

 public:
  using Base::memory;

  base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    ++asked;
    return memory.missing(digests);
  }

  base::Result<std::vector<Digest>> send(std::span<const Digest> digests, Store& from,
                                         const base::StillWanted& /*wanted*/) override {
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
                                          const base::StillWanted& /*wanted*/) override {
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

  int asked = 0;
  std::vector<Digest> sent;
  std::vector<Digest> distrusted;
};

using MemoryRemote = MemoryRemoteOf<RemoteStore>;

}  // namespace object
