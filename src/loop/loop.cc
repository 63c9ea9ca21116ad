#include "loop/loop.hh"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace loop {

struct Loop::Impl {
  explicit Impl(unsigned pool_threads) : pool_threads(std::max(1U, pool_threads)) {}

  // Its threads begin with the first work for them.
  asio::thread_pool& started_pool() {
    std::call_once(pool_is_made, [this] { pool.emplace(pool_threads); });
    return *pool;
  }

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> stay = asio::make_work_guard(context);
  std::map<TimerId, asio::steady_timer> timers;  // loop thread only
  TimerId next_timer = 1;
  const unsigned pool_threads;
  std::once_flag pool_is_made;
  std::optional<asio::thread_pool> pool;  // last: its threads end before what they post to
};

Loop::Loop(unsigned pool_threads) : impl_(std::make_unique<Impl>(pool_threads)) {}

Loop::~Loop() {
  if (impl_->pool) {
    impl_->pool->stop();
    impl_->pool->join();
  }
}

void Loop::run() {
  impl_->context.run();
  impl_->context.restart();  // after stop(), not before run(): an early stop() must not get lost
}

void Loop::stop() {
  impl_->context.stop();
}

void Loop::post(std::function<void()> callback) {
  asio::post(impl_->context, std::move(callback));
}

void Loop::on_pool(std::function<void()> work) {
  offload(std::move(work), [] {});
}

void Loop::offload(std::function<void()> work, std::function<void()> then) {
  asio::post(impl_->started_pool(), [this, work = std::move(work), then = std::move(then)]() mutable {
    try {
      work();
    } catch (...) {
      // Not swallowed: it is thrown again where run() was called, on the thread that can show it.
      post([error = std::current_exception()] { std::rethrow_exception(error); });
      return;
    }
    post(std::move(then));
  });
}

Loop::TimerId Loop::after(std::chrono::nanoseconds delay, std::function<void()> callback) {
  // The clock counts nanoseconds in 64 bits: "never", given as the largest delay, would overflow it.
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
  const auto bounded = std::clamp(delay, std::chrono::nanoseconds::zero(), kLongest);
  const TimerId id = impl_->next_timer++;
  asio::steady_timer& timer =
      impl_->timers.emplace(id, asio::steady_timer(impl_->context, bounded)).first->second;
  timer.async_wait([this, id, callback = std::move(callback)](const asio::error_code& error) {
    // A timer that fired while it was being cancelled is no longer in the table.
    if (!error && impl_->timers.erase(id) == 1) {
      callback();
    }
  });
  return id;
}

void Loop::cancel(TimerId timer) {
  impl_->timers.erase(timer);
}

}  // namespace loop
