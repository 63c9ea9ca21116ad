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
  // At most so many pool threads, at least one; they are made when there is work for them.
  explicit Loop(unsigned pool_threads);

  // Waits for pool work that has begun; what has not begun, and callbacks not yet run, are dropped.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs callbacks on the calling thread until stop(), then may be called again. An exception of a callback
  // or of pool work leaves through here; what was queued stays queued.
  void run();

  // Any thread. What is queued already may still run before run() returns. Before run(): it returns at once.
  void stop();

  // Any thread: `callback` runs on the loop thread, in order of posting, never from within post().
  void post(std::function<void()> callback);

  // Any thread: `work` runs on a pool thread, then `then` on the loop thread. An exception of `work` ends
  // run() with it, and `then` is not called.
  void offload(std::function<void()> work, std::function<void()> then);

  // Any thread: `work` runs on a pool thread. Its exceptions end run(), too.
  void on_pool(std::function<void()> work);

  // Loop thread (or before run()): `callback` runs once, after `delay`, unless cancelled. A delay below zero
  // is zero, one beyond a year is a year. Zero is never given as an id.
  using TimerId = uint64_t;
  TimerId after(std::chrono::nanoseconds delay, std::function<void()> callback);

  // Loop thread. A timer that has fired, or was cancelled already, is fine: nothing happens.
  void cancel(TimerId timer);

  enum class Wants : uint8_t { Nothing, ToRead, ToWrite, Both };

  // What a descriptor is ready for. An error or an end of file counts as ready for what was wanted.
  struct Ready {
    bool to_read = false;
    bool to_write = false;
  };

  // Loop thread: `ready` runs each time the descriptor is ready for what is wanted, as long as it is (it is
  // asked again after each call). Takes the place of what was wanted of it before; Nothing: no more, and then
  // the descriptor may be closed. It stays the caller's.
  void watch(int fd, Wants wants, std::function<void(Ready)> ready);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loop
