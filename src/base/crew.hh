#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace base {

// A few threads for what blocks, started as there is work for them. Tasks begin in order; one that throws is
// a defect and ends the program.
class Crew {
 public:
  // What becomes of tasks that have not begun when it goes. What has begun is waited for.
  enum class AtEnd { Done, Dropped };

  // At least one thread.
  Crew(unsigned most_threads, AtEnd at_end);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Any thread.
  void run(std::function<void()> task);

 private:
  void work() noexcept;

  unsigned most_threads_;
  AtEnd at_end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // all below under mutex_
  unsigned idle_ = 0;                        // threads that wait for a task
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace base
