#include "engine/memos/shared_memos.hh"

#include <algorithm>
#include <iterator>
#include <utility>

namespace engine {

SharedMemos::SharedMemos(object::Records& own, std::unique_ptr<MemoExchange> exchange, Options options,
                         Warn warn)
    : own_(own),
      exchange_(std::move(exchange)),
      options_(options),
      pace_(exchange_->pace()),
      warn_(std::move(warn)) {}

SharedMemos::~SharedMemos() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    last_at_ = std::chrono::steady_clock::now() + options_.last_wait;
  }
  changed_.notify_all();
  for (std::thread& thread : tellers_) {
    thread.join();
  }
}

base::Result<std::optional<std::string>> SharedMemos::find(std::string_view table,
                                                           const object::Digest& key) {
  auto own = own_.find(table, key);
  if (table != object::kMemoTable || !own || *own || broken_) {
    return own;
  }
  auto shared = exchange_->ask(key);
  if (!shared) {
    give_up(shared.error());
    return own;
  }
  if (!*shared) {
    return own;
  }
  std::string encoded = ir::encode(**shared);
  if (const auto recorded = own_.record(table, key, encoded); !recorded) {
    return tl::unexpected(recorded.error());
  }
  return encoded;
}

base::Result<void> SharedMemos::record(std::string_view table, const object::Digest& key,
                                       std::string_view value) {
  auto recorded = own_.record(table, key, value);
  if (!recorded || table != object::kMemoTable || broken_ || mute_ || options_.use == Use::Read) {
    return recorded;
  }
  auto result = ir::decode_result(value);
  if (!result || result->exit_code != 0 || result->owes()) {
    return recorded;
  }
  {
    const std::scoped_lock lock(mutex_);
    untold_.push_back({key, std::move(*result)});
    if (tellers_.size() < pace_.tellers) {
      tellers_.emplace_back([this] { work(); });
    }
  }
  changed_.notify_one();
  return recorded;
}

void SharedMemos::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const std::vector<Memo> memos = next(lock);
    if (memos.empty()) {
      return;
    }
    lock.unlock();
    if (!broken_ && !mute_) {
      if (const auto told = exchange_->tell(memos, [this] { return in_time(); }); !told) {
        told.error().kind == base::FailureKind::RetryHere ? give_up(told.error())
                                                          : tell_no_more(told.error());
      }
    }
    lock.lock();
  }
}

// Waits for some. None: it is over.
std::vector<MemoExchange::Memo> SharedMemos::next(std::unique_lock<std::mutex>& lock) {
  do {
    changed_.wait(lock, [this] { return closing_ || !untold_.empty(); });
    changed_.wait_for(lock, pace_.linger, [this] { return closing_ || untold_.size() >= pace_.memos; });
  } while (untold_.empty() && !closing_);  // another teller may have been faster
  if (closing_ && std::chrono::steady_clock::now() > last_at_) {
    return {};
  }
  const auto end = untold_.begin() + static_cast<std::ptrdiff_t>(std::min(pace_.memos, untold_.size()));
  std::vector<Memo> memos(std::make_move_iterator(untold_.begin()), std::make_move_iterator(end));
  untold_.erase(untold_.begin(), end);
  return memos;
}

bool SharedMemos::in_time() {
  const std::scoped_lock lock(mutex_);
  return !closing_ || std::chrono::steady_clock::now() < last_at_;
}

void SharedMemos::tell_no_more(const base::Error& error) {
  if (!mute_.exchange(true)) {
    warn_(error.message + "; going on without telling others our results");
  }
}

void SharedMemos::give_up(const base::Error& error) {
  if (!broken_.exchange(true)) {
    warn_(error.message + "; going on without the shared results");
  }
}

}  // namespace engine
