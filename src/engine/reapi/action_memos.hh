#pragma once

#include "engine/memos/memo_exchange.hh"
#include "engine/reapi/action_cache.hh"
#include "engine/reapi/reapi_engine.hh"

#include <string>

namespace engine {

// A Remote Execution server's action cache, where a thunk is an action. What it tells comes with its
// outputs, unless they are not wanted.
class ActionMemos final : public MemoExchange {
 public:
  struct Options {
    std::string instance;
    Lowering lowering;
    ReapiEngine::Download download = ReapiEngine::Download::Outputs;
  };

  // What is in `with` outlives it.
  ActionMemos(const ReapiEngine::Surroundings& with, Options options);

  [[nodiscard]] base::Result<std::optional<ir::Result>> ask(const object::Digest& thunk) override;
  [[nodiscard]] base::Result<void> tell(std::span<const Memo> memos,
                                        const base::StillWanted& wanted) override;

 private:
  [[nodiscard]] base::Result<void> tell(const Memo& memo, const base::StillWanted& wanted);
  [[nodiscard]] bool owes(const object::Digest& root);

  ReapiEngine::Surroundings with_;
  Options options_;
  ActionCache cache_;
};

}  // namespace engine
