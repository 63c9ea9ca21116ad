#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

namespace cli {

// Ctrl-C and its like as calls on a thread, not as interruptions. Make it before any other thread, since
// threads inherit which signals are blocked; a child that is executed should unblock them.
class StopSignals {
 public:
  StopSignals();

  // Which asks that what runs may end and nothing new start; the others ask for a stop at once.
  static constexpr int kDrain = SIGUSR1;
  static constexpr const char* kDrained = "the run is drained (SIGUSR1)";

  // Calls `stop` for each SIGINT, SIGTERM, SIGHUP and kDrain, on a thread of its own, until the watch goes.
  class Watch {
   public:
    explicit Watch(std::function<void(int)> stop);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    std::atomic<bool> over_{false};
    std::thread thread_;
  };

  [[nodiscard]] std::unique_ptr<Watch> watch(std::function<void(int)> stop);
};

}  // namespace cli
