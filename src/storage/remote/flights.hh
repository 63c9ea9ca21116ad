#pragma once

#include "base/still_wanted.hh"
#include "object/digest.hh"

#include <condition_variable>
#include <mutex>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

namespace storage {

// Which objects are on their way just now, so that two who want the same one move it once. Any thread.
class Flights {
 public:
  // The objects that its holder moves; everybody else waits until it is gone.
  class Claim {
   public:
    Claim(Flights& flights, std::vector<object::Digest> mine) : flights_(flights), mine_(std::move(mine)) {}

    ~Claim() { flights_.land(mine_); }

    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    [[nodiscard]] const std::vector<object::Digest>& mine() const { return mine_; }

   private:
    Flights& flights_;
    std::vector<object::Digest> mine_;
  };

  // Takes those of `digests` that nobody has yet; the others are left in `taken`.
  [[nodiscard]] Claim claim(std::span<const object::Digest> digests, std::vector<object::Digest>& taken);

  // Until nobody moves any of them; false: `wanted` said no.
  [[nodiscard]] bool wait(std::span<const object::Digest> digests, const base::StillWanted& wanted);

 private:
  void land(std::span<const object::Digest> digests);

  std::mutex mutex_;
  std::condition_variable landed_;
  std::unordered_set<object::Digest> flying_;  // under mutex_
};

}  // namespace storage
