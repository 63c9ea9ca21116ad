#include "loop/loop.hh"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace loop {

namespace {

// One descriptor that is watched. Waits for reading and for writing are apart, at most one of each.
struct Watched : std::enable_shared_from_this<Watched> {
  Watched(asio::io_context& context, int fd) : descriptor(context, fd) {}

  ~Watched() { forget(); }

  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void forget() {
    wants = Loop::Wants::Nothing;
    if (descriptor.is_open()) {
      descriptor.release();  // it is not ours to close
    }
  }

  [[nodiscard]] bool does_want(Loop::Wants one) const { return wants == one || wants == Loop::Wants::Both; }

  void wait() {
    wait_for(Loop::Wants::ToRead, asio::posix::stream_descriptor::wait_read, waits_to_read);
    wait_for(Loop::Wants::ToWrite, asio::posix::stream_descriptor::wait_write, waits_to_write);
  }

  void wait_for(Loop::Wants one, asio::posix::stream_descriptor::wait_type how, bool& waits) {
    if (!does_want(one) || std::exchange(waits, true)) {
      return;
    }
    descriptor.async_wait(how, [self = shared_from_this(), one, &waits](const asio::error_code& error) {
      waits = false;
      if (error == asio::error::operation_aborted || !self->does_want(one)) {
        return;
      }
      const auto call = self->ready;  // which may ask for something else, and so replace itself
      call({one == Loop::Wants::ToRead, one == Loop::Wants::ToWrite});
      self->wait();
    });
  }

  asio::posix::stream_descriptor descriptor;
  Loop::Wants wants = Loop::Wants::Nothing;
  std::function<void(Loop::Ready)> ready;
  bool waits_to_read = false;
  bool waits_to_write = false;
};

}  // namespace

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
  std::unordered_map<int, std::shared_ptr<Watched>> watched;  // loop thread only
  const unsigned pool_threads;
  std::once_flag pool_is_made;
  std::optional<asio::thread_pool> pool;  // last: its threads end before what they post to
};

Loop::Loop(unsigned pool_threads) : impl_(std::make_unique<Impl>(pool_threads)) {}

Loop::~Loop() {
  for (const auto& [fd, watched] : impl_->watched) {
    watched->forget();  // while there is a context that can
  }
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

void Loop::watch(int fd, Wants wants, std::function<void(Ready)> ready) {
  auto found = impl_->watched.find(fd);
  if (wants == Wants::Nothing) {
    if (found != impl_->watched.end()) {
      found->second->forget();
      impl_->watched.erase(found);
    }
    return;
  }
  if (found == impl_->watched.end()) {
    found = impl_->watched.emplace(fd, std::make_shared<Watched>(impl_->context, fd)).first;
  }
  const std::shared_ptr<Watched> watched = found->second;
  watched->wants = wants;
  watched->ready = std::move(ready);
  watched->wait();
}

}  // namespace loop
