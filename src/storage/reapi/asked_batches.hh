#pragma once

#include "base/result.hh"
#include "object/digest.hh"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace storage {

// Objects that may have to move: asks slice by slice which of them do, and moves those in batches meanwhile,
// so that of a long list the first are on their way while the last are still asked about. Used once, by
// run().
class AskedBatches {
 public:
  using Digests = std::vector<object::Digest>;

  struct Steps {
    std::function<base::Result<std::vector<Digests>>(const Digests& slice)> ask;  // the batches to move
    std::function<base::Result<Digests>(const Digests& batch)> move;              // those that were not there
  };

  // Both steps are called on several threads at once.
  AskedBatches(std::vector<Digests> slices, Steps steps)
      : slices_(slices.begin(), slices.end()), steps_(std::move(steps)) {}

  // On so many threads, this one among them. All that was not there; or the first error, after which nothing
  // more begins.
  [[nodiscard]] base::Result<Digests> run(size_t threads);

 private:
  [[nodiscard]] base::Result<void> work(size_t enough);
  [[nodiscard]] base::Result<void> ask_one(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] base::Result<void> move_one(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Digests> slices_;  // not asked about; under mutex_, as all below
  Steps steps_;
  std::deque<Digests> batches_;  // not moved
  size_t asking_ = 0;
  bool failed_ = false;
  Digests lacking_;
};

}  // namespace storage
