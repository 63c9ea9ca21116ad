#pragma once

#include "base/still_wanted.hh"

#include <condition_variable>
#include <mutex>

namespace net {

// How many requests may be under way at a server at once: one more for each round of successes, half as many
// when it says that it has too much to do. Any thread.
class AdaptiveLimit {
 public:
  AdaptiveLimit(double start, double most) : limit_(start), most_(most) {}

  // One request's place. Given back when this goes.
  class Place {
   public:
    explicit Place(AdaptiveLimit& limit) : limit_(&limit) {}

    Place(Place&& other) noexcept : limit_(other.limit_) { other.limit_ = nullptr; }

    Place& operator=(Place&&) = delete;

    ~Place() {
      if (limit_ != nullptr) {
        limit_->leave();
      }
    }

   private:
    AdaptiveLimit* limit_;
  };

  // Waits for one.
  [[nodiscard]] Place enter();

  void succeeded();
  void overloaded();

  [[nodiscard]] double limit() const;

 private:
  void leave();

  mutable std::mutex mutex_;
  std::condition_variable left_;
  double limit_;  // under mutex_
  double most_;
  unsigned under_way_ = 0;  // under mutex_
  unsigned since_cut_ = 0;  // under mutex_: answers since the limit was last halved
};

}  // namespace net
