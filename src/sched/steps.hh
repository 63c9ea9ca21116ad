#pragma once

#include "object/store.hh"
#include "sched/action.hh"
#include "sched/engine.hh"

#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace sched {

// The steps of a reduction that read and write: what the reducer asks for, short of executing. Blocks; any
// thread. Objects that ought to be there and are not come back as AttemptFailure::lost.
class Steps {
 public:
  template <class T>
  using Expected = tl::expected<T, AttemptFailure>;

  Steps(object::Store& store, object::Records& records) : store_(store), records_(records) {}

  // The memo of the thunk, if it ended well and the store still holds all that it names, else nullopt. It may
  // owe.
  [[nodiscard]] Expected<std::optional<ir::Result>> memo(const object::Digest& thunk);

  // The memo, or else the promises in the thunk's tree.
  using Opened = std::variant<ir::Result, std::vector<object::Promise>>;
  [[nodiscard]] Expected<Opened> open(const object::Digest& thunk, UseMemo use_memo);

  struct Substituted {
    object::Digest concrete;
    std::optional<ir::Result> memo;
  };

  // Stores the concrete thunk. `made` is sorted by thunk.
  [[nodiscard]] Expected<Substituted> substitute(const object::Digest& thunk, std::span<const Made> made,
                                                 UseMemo use_memo);

  // All promises in a result's outputs, also within its directories.
  [[nodiscard]] Expected<std::vector<object::Promise>> promises_in(const ir::Result& result);

  [[nodiscard]] Expected<ir::Result> substitute(const ir::Result& result, std::span<const Made> made);

  // Those with outputs that the store does not hold any more.
  [[nodiscard]] Expected<std::vector<NodeId>> not_whole(std::span<const Made> made);

  [[nodiscard]] base::Result<void> record(const object::Digest& thunk, const ir::Result& result);

 private:
  // Does the store hold everything that the result names, also below its directories, and all that the thunks
  // need which it promises?
  [[nodiscard]] base::Result<bool> is_whole(const ir::Result& result);

  object::Store& store_;
  object::Records& records_;
};

}  // namespace sched
