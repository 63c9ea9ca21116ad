#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace loop {

// The one thread that owns scheduler and engine state (Asio's io_context behind it). What blocks or computes
// goes to the pool and comes back as a message.
class Loop {
 public:
  explicit Loop(unsigned pool_threads);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs callbacks on the calling thread until stop().
  void run();

  // Any thread. What is queued already may still run before run() returns.
  void stop();

  // Any thread: `callback` runs on the loop thread, in order of posting, never from within post().
  void post(std::function<void()> callback);

  // Any thread: `work` runs on a pool thread, then `then` on the loop thread. An exception of `work` ends
  // run() with it.
  void offload(std::function<void()> work, std::function<void()> then);

  // Any thread: `work` runs on a pool thread.
  void on_pool(std::function<void()> work);

  // Loop thread: `callback` runs once, after `delay`, unless cancelled. Zero is never given as an id.
  using TimerId = uint64_t;
  TimerId after(std::chrono::nanoseconds delay, std::function<void()> callback);
  void cancel(TimerId timer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loop
