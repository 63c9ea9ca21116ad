#include "worker/workplace.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "exec/skeleton.hh"
#include "storage/local/gc.hh"

#include <sys/statvfs.h>

#include <algorithm>

namespace worker {

namespace {

// The rest is for what commands write, and for what they are given as copies.
uint64_t half_of_tmp() {
  struct statvfs status {};

  if (::statvfs("/tmp", &status) != 0) {
    throw base::SyscallError("look at the size of", "/tmp");
  }
  return status.f_blocks * status.f_frsize / 2;
}

}  // namespace

base::Result<std::unique_ptr<Workplace>> Workplace::open(Options options, Warn warn) {
  std::unique_ptr<Workplace> place(new Workplace(std::move(options), std::move(warn)));
  try {
    base::make_directories(place->options_.folder, 0700);
    if (exec::Skeleton::is_here()) {
      place->options_.jobs = 1;
      place->options_.cache_bytes = std::min(place->options_.cache_bytes, half_of_tmp());
      place->is_suspect_ = true;  // whatever an earlier worker has left in /tmp
    }
    std::unique_lock lock(place->mutex_);
    // Also measures what others have left there.
    if (const auto ready = place->evict(lock, place->options_.cache_bytes); !ready) {
      return tl::unexpected(ready.error());
    }
  } catch (const base::SyscallError& error) {
    return base::failure(error.what(), base::FailureKind::RetryElsewhere);
  }
  return place;
}

base::Result<void> Workplace::furnish() {
  const std::string objects = options_.folder + "/objects";
  auto store = storage::LocalStore::open(objects, clock_, warn_);
  if (!store) {
    return tl::unexpected(std::move(store.error()));
  }
  store_ = std::move(*store);
  for (unsigned number = 0; number < options_.jobs; ++number) {
    auto seat = std::make_unique<Seat>(*store_);
    auto executor = make_executor(*seat, number);
    if (!executor) {
      return tl::unexpected(std::move(executor.error()));
    }
    isolation_ = (*executor)->isolation();
    seat->runner = std::move(*executor);
    free_.push_back(seat.get());
    seats_.push_back(std::move(seat));
  }
  return {};
}

base::Result<std::unique_ptr<exec::Executor>> Workplace::make_executor(Seat& seat, unsigned number) {
  auto executor = exec::Executor::open(seat.recording, options_.folder + "/seats/" + std::to_string(number));
  if (executor || !exec::Skeleton::is_here()) {
    return executor;
  }
  if (!options_.folder.starts_with("/tmp/")) {
    return base::failure("in a root without containers the cache has to lie in /tmp, and '" +
                         options_.folder + "' does not");
  }
  return exec::Executor::open_in_skeleton(seat.recording, {options_.folder, [this] { is_suspect_ = true; }});
}

base::Result<void> Workplace::remove_surplus(uint64_t target_bytes) {
  const std::string objects = options_.folder + "/objects";
  if (is_suspect_ && !base::remove_tree(options_.folder)) {
    return base::failure(
        "cannot remove the cache '" + options_.folder + "', which a command may have changed",
        base::FailureKind::RetryElsewhere);
  }
  is_suspect_ = false;
  base::make_directories(options_.folder, 0700);
  auto store = storage::LocalStore::open(objects, clock_, warn_);
  auto records = storage::LocalRecords::open(objects, clock_, warn_);
  if (!store || !records) {
    return tl::unexpected(store ? records.error() : store.error());
  }
  const auto report = storage::collect_garbage(**store, **records, target_bytes, clock_);
  if (!report) {
    return tl::unexpected(report.error());
  }
  cached_bytes_ = report->kept_bytes();
  return {};
}

// What an open store has used is kept, and seats hold links to it: so all of them go, and come again.
base::Result<void> Workplace::evict(std::unique_lock<std::mutex>& lock, uint64_t target_bytes) {
  is_closed_ = true;
  changed_.wait(lock, [this] { return free_.size() == seats_.size(); });
  free_.clear();
  seats_.clear();
  store_.reset();
  const auto done = remove_surplus(target_bytes);
  auto ready = done ? furnish() : done;
  is_closed_ = false;
  changed_.notify_all();
  return ready;
}

base::Result<std::unique_ptr<Workplace::Lease>> Workplace::take() {
  std::unique_lock lock(mutex_);
  if (is_closed_) {
    return nullptr;
  }
  if (cached_bytes_ > options_.cache_bytes || is_suspect_ || seats_.empty()) {
    if (free_.size() != seats_.size()) {
      return nullptr;
    }
    if (const auto ready = evict(lock, options_.cache_bytes / 2); !ready) {
      return tl::unexpected(ready.error());
    }
  }
  if (free_.empty()) {
    return nullptr;
  }
  Seat& seat = *free_.back();
  free_.pop_back();
  static_cast<void>(seat.recording.take());
  return std::make_unique<Lease>(*this, seat);
}

base::Result<void> Workplace::make_room() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_closed_; });
  return evict(lock, 0);
}

void Workplace::give_back(Seat& seat) {
  {
    const std::scoped_lock lock(mutex_);
    free_.push_back(&seat);
  }
  changed_.notify_all();
}

}  // namespace worker
