#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace engine {

// A few threads for what blocks. Tasks begin in order; one that throws is a defect and ends the program.
class Crew {
 public:
  // At least one thread; each is made when there is work for it.
  explicit Crew(unsigned most_threads);

  // Waits for what has begun; what has not is dropped.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // One thread at a time.
  void run(std::function<void()> task);

 private:
  void work() noexcept;

  unsigned most_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // under mutex_
  unsigned idle_ = 0;                        // threads that wait for a task; under mutex_
  bool closing_ = false;                     // under mutex_
  std::vector<std::thread> threads_;         // of whoever calls run()
};

}  // namespace engine
