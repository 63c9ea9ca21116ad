#pragma once

#include "base/clock.hh"
#include "exec/executor.hh"
#include "storage/local/store.hh"
#include "worker/recording_store.hh"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace worker {

// Where a worker's jobs run: a cache of objects in a folder, and a seat for each job that may run at the same
// time. The cache outlives the program; its budget is kept by removing what was used least recently, while no
// job runs. Any thread.
class Workplace {
 public:
  struct Options {
    std::string folder;        // made if need be
    uint64_t cache_bytes = 0;  // the budget
    unsigned jobs = 1;
  };

  using Warn = std::function<void(const std::string& message)>;

  // Jobs run in containers, or, where there can be none and the root is made for it, one at a time in an
  // exec::Skeleton. The error says what is wrong with the folder, or why there can be neither.
  [[nodiscard]] static base::Result<std::unique_ptr<Workplace>> open(Options options, Warn warn);

  // What one job has to itself.
  struct Seat {
    explicit Seat(object::FileStore& store) : recording(store) {}

    RecordingStore recording;
    std::unique_ptr<exec::Runner> runner;  // writes into `recording`
  };

  // A job that sits there. Gives the seat up when it goes.
  class Lease {
   public:
    Lease(Workplace& place, Seat& seat) : place_(place), seat_(seat) {}

    ~Lease() { place_.give_back(seat_); }

    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    [[nodiscard]] Seat& seat() { return seat_; }

    [[nodiscard]] object::FileStore& store() { return *place_.store_; }

   private:
    Workplace& place_;
    Seat& seat_;
  };

  // Null: all are taken, or room is being made. A cache that has grown over its budget takes no more jobs
  // until nobody sits, and is then brought down to half of it. The error: it cannot be opened again after
  // that.
  [[nodiscard]] base::Result<std::unique_ptr<Lease>> take();

  // The disk is full: removes all. Waits for all jobs to end; the caller has none.
  [[nodiscard]] base::Result<void> make_room();

  // So much has been put into the cache.
  void grown(uint64_t bytes) { cached_bytes_ += bytes; }

  [[nodiscard]] const Options& options() const { return options_; }

  // What keeps jobs apart: exec::Executor::isolation().
  [[nodiscard]] const std::string& isolation() const { return isolation_; }

 private:
  Workplace(Options options, Warn warn) : options_(std::move(options)), warn_(std::move(warn)) {}

  [[nodiscard]] base::Result<void> furnish();
  [[nodiscard]] base::Result<std::unique_ptr<exec::Executor>> make_executor(Seat& seat, unsigned number);
  [[nodiscard]] base::Result<void> remove_surplus(uint64_t target_bytes);
  [[nodiscard]] base::Result<void> evict(std::unique_lock<std::mutex>& lock, uint64_t target_bytes);
  void give_back(Seat& seat);

  Options options_;
  Warn warn_;
  base::SystemClock clock_;
  std::string isolation_;                  // since the first furnish()
  std::atomic<uint64_t> cached_bytes_{0};  // about
  std::atomic<bool> is_suspect_{false};    // a command has written into the cache, or may have

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_closed_ = false;                      // room is being made; under mutex_, as all below
  std::unique_ptr<storage::LocalStore> store_;  // replaced only while nobody sits
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<Seat*> free_;
};

}  // namespace worker
