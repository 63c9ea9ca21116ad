#include "storage/reapi/asked_batches.hh"

#include "base/in_parallel.hh"
#include "storage/remote/digest_lists.hh"

#include <utility>

namespace storage {

base::Result<AskedBatches::Digests> AskedBatches::run(size_t threads) {
  return base::in_parallel(threads, threads, [&](size_t) { return work(threads); }).map([this] {
    return std::move(lacking_);
  });
}

// Asks on while there is not enough to move for all threads.
base::Result<void> AskedBatches::work(size_t enough) {
  std::unique_lock lock(mutex_);
  while (!failed_) {
    base::Result<void> done;
    if (!slices_.empty() && batches_.size() < enough) {
      done = ask_one(lock);
    } else if (!batches_.empty()) {
      done = move_one(lock);
    } else if (asking_ != 0) {
      changed_.wait(lock);
    } else {
      break;
    }
    if (!done) {
      failed_ = true;
      changed_.notify_all();
      return done;
    }
  }
  return {};
}

base::Result<void> AskedBatches::ask_one(std::unique_lock<std::mutex>& lock) {
  const Digests slice = std::move(slices_.front());
  slices_.pop_front();
  ++asking_;
  lock.unlock();
  auto batches = steps_.ask(slice);
  lock.lock();
  --asking_;
  changed_.notify_all();
  return batches.map([this](std::vector<Digests>& some) {
    batches_.insert(batches_.end(), std::make_move_iterator(some.begin()),
                    std::make_move_iterator(some.end()));
  });
}

base::Result<void> AskedBatches::move_one(std::unique_lock<std::mutex>& lock) {
  const Digests batch = std::move(batches_.front());
  batches_.pop_front();
  lock.unlock();
  const auto lacking = steps_.move(batch);
  lock.lock();
  return lacking.map([this](const Digests& some) { append(lacking_, some); });
}

}  // namespace storage
