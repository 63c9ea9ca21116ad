#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace intercept {

// A few threads that do what blocks, started as there is work for them. Work is done in order of its coming,
// one piece a thread.
class Workers {
 public:
  explicit Workers(unsigned most);
  ~Workers();  // does what is queued, then ends
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Any thread. `work` does not throw.
  void post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  unsigned idle_ = 0;  // of the threads, waiting for work
  unsigned most_;
  std::vector<std::thread> threads_;
};

}  // namespace intercept
