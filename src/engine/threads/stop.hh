#pragma once

#include <functional>
#include <mutex>

namespace engine {

// Tells whoever executes an attempt that its answer is not wanted any more. Raised once, from any thread;
// stays raised.
class Stop {
 public:
  void raise();
  [[nodiscard]] bool raised() const;

  // While it lives, `callback` is called when the stop is raised, by whoever raises it; at once if it is
  // raised already. One at a time.
  class Listener {
   public:
    Listener(Stop& stop, std::function<void()> callback);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Stop& stop_;
  };

 private:
  mutable std::mutex mutex_;
  bool raised_ = false;             // under mutex_
  std::function<void()> callback_;  // under mutex_, also while it runs
};

}  // namespace engine
