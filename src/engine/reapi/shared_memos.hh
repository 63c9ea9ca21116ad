#pragma once

#include "engine/reapi/action_cache.hh"
#include "engine/reapi/reapi_engine.hh"
#include "object/store.hh"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace engine {

// Records whose memos others share, through a Remote Execution server's action cache: what is not known here
// is asked for there, outputs included, and what was found out here is told there, behind the caller's back.
// A server that fails costs a warning, and nothing more is asked of it. All other tables are one's own. Any
// thread.
class SharedMemos final : public object::Records {
 public:
  enum class Use { Read, ReadAndWrite };
  using Warn = std::function<void(const std::string& message)>;

  struct Options {
    std::string instance;
    Lowering lowering;
    Use use = Use::ReadAndWrite;
    // How long the end of a run waits for what is still to be told.
    std::chrono::seconds last_wait{20};
  };

  // `own`, and what is in `with`, outlive it.
  SharedMemos(object::Records& own, const ReapiEngine::Surroundings& with, Options options, Warn warn);

  // Tells the rest.
  ~SharedMemos() override;

  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const object::Digest& key) override;
  [[nodiscard]] base::Result<void> record(std::string_view table, const object::Digest& key,
                                          std::string_view value) override;

 private:
  struct Memo {
    object::Digest thunk;
    ir::Result result;
  };

  [[nodiscard]] base::Result<std::optional<ir::Result>> ask(const object::Digest& thunk);
  [[nodiscard]] base::Result<void> tell(const Memo& memo);
  [[nodiscard]] bool owes(const object::Digest& root);
  void work();
  [[nodiscard]] bool in_time();
  void give_up(const base::Error& error);

  object::Records& own_;
  ReapiEngine::Surroundings with_;
  Options options_;
  Warn warn_;
  ActionCache cache_;
  std::atomic<bool> broken_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Memo> untold_;                          // under mutex_
  bool closing_ = false;                             // under mutex_
  std::chrono::steady_clock::time_point last_at_{};  // under mutex_; once it is closing
  std::vector<std::thread> tellers_;                 // started at the first memo
};

}  // namespace engine
