#pragma once

#include "engine/memos/memo_exchange.hh"
#include "object/store.hh"

namespace engine {

// Memos in a store that knows them besides objects: as they are written here, at both levels (as written and
// with promises substituted), with all outputs.
class StoredMemos final : public MemoExchange {
 public:
  // Both outlive it. `here` gets what is fetched.
  StoredMemos(object::Store& here, object::MemoStore& there, Pace pace)
      : here_(here), there_(there), pace_(pace) {}

  [[nodiscard]] Pace pace() const override { return pace_; }

  [[nodiscard]] base::Result<std::optional<ir::Result>> ask(const object::Digest& thunk) override;
  [[nodiscard]] base::Result<void> tell(std::span<const Memo> memos,
                                        const base::StillWanted& wanted) override;

 private:
  object::Store& here_;
  object::MemoStore& there_;
  Pace pace_;
};

}  // namespace engine
