#pragma once

#include "object/memory_remote.hh"

#include <map>

namespace object {

// For tests. A store far away that knows memos.
class MemoryMemos final : public MemoryRemoteOf<MemoStore> {
 public:
  base::Result<std::optional<Digest>> result_of(const Digest& thunk) override {
    const auto found = results.find(thunk);
    return found == results.end() ? std::nullopt : std::optional(found->second);
  }

  base::Result<std::vector<Digest>> send_memos(std::span<const Memo> memos, std::span<const Digest> digests,
                                               Store& from, const base::StillWanted& wanted) override {
    ++told;
    const auto lost = send(digests, from, wanted);
    for (const Memo& memo : memos) {
      if (lost && lost->empty()) {
        results[memo.thunk] = memo.result;
      }
    }
    return lost;
  }

  std::map<Digest, Digest> results;
  int told = 0;
};

}  // namespace object
