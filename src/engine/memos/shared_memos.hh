#pragma once

#include "engine/memos/memo_exchange.hh"
#include "object/store.hh"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace engine {

// Records whose memos others share: what is not known here is asked for at an exchange, and what was found
// out here is told there, behind the caller's back. An exchange that fails costs a warning, and nothing more
// is asked of it; one that refuses what it is told is still asked. All other tables are one's own. Any
// thread.
class SharedMemos final : public object::Records {
 public:
  enum class Use { Read, ReadAndWrite };
  using Warn = std::function<void(const std::string& message)>;

  struct Options {
    Use use = Use::ReadAndWrite;
    // How long the end of a run waits for what is still to be told.
    std::chrono::seconds last_wait{20};
  };

  // `own` outlives it.
  SharedMemos(object::Records& own, std::unique_ptr<MemoExchange> exchange, Options options, Warn warn);

  // Tells the rest.
  ~SharedMemos() override;

  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const object::Digest& key) override;
  [[nodiscard]] base::Result<void> record(std::string_view table, const object::Digest& key,
                                          std::string_view value) override;

 private:
  using Memo = MemoExchange::Memo;

  void work();
  [[nodiscard]] std::vector<Memo> next(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool in_time();
  void give_up(const base::Error& error);
  void tell_no_more(const base::Error& error);

  object::Records& own_;
  std::unique_ptr<MemoExchange> exchange_;
  Options options_;
  MemoExchange::Pace pace_;
  Warn warn_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> mute_{false};  // it may not be told anything; asking is another matter

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Memo> untold_;                          // under mutex_
  bool closing_ = false;                             // under mutex_
  std::chrono::steady_clock::time_point last_at_{};  // under mutex_; once it is closing
  std::vector<std::thread> tellers_;                 // started at the first memo
};

}  // namespace engine
