#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"
#include "ir/result.hh"
#include "object/digest.hh"

#include <chrono>
#include <optional>
#include <span>

namespace engine {

// Where memos are exchanged with others: a server's action cache, a bucket. Blocks; any thread.
class MemoExchange {
 public:
  struct Memo {
    object::Digest thunk;
    ir::Result result;  // exit 0, owes nothing
  };

  // How it wants to be told.
  struct Pace {
    size_t memos = 1;                     // at most, in one tell()
    std::chrono::milliseconds linger{0};  // they are collected for so long
    size_t tellers = 4;                   // tell() at the same time
  };

  MemoExchange() = default;
  MemoExchange(const MemoExchange&) = delete;
  MemoExchange& operator=(const MemoExchange&) = delete;
  virtual ~MemoExchange() = default;

  [[nodiscard]] virtual Pace pace() const { return {}; }

  // What others have found out of the thunk. Nullopt: nothing that can be used here.
  [[nodiscard]] virtual base::Result<std::optional<ir::Result>> ask(const object::Digest& thunk) = 0;

  // Outputs first. What cannot be told is left out.
  [[nodiscard]] virtual base::Result<void> tell(std::span<const Memo> memos,
                                                const base::StillWanted& wanted) = 0;
};

}  // namespace engine
