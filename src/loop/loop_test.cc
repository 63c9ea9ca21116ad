#include "loop/loop.hh"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace loop {
namespace {

TEST(Loop, posts_run_in_order_on_the_loop_thread_and_never_at_once) {
  Loop loop(1);
  std::vector<int> order;
  loop.post([&] {
    loop.post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Loop, offloaded_work_runs_elsewhere_and_comes_back) {
  Loop loop(2);
  std::thread::id worker;
  std::thread::id after;
  loop.offload([&] { worker = std::this_thread::get_id(); },
               [&] {
                 after = std::this_thread::get_id();
                 loop.stop();
               });
  loop.run();
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(after, std::this_thread::get_id());
}

TEST(Loop, an_exception_of_offloaded_work_ends_run) {
  Loop loop(1);
  loop.offload([] { throw std::runtime_error("broken"); }, [] {});
  EXPECT_THROW(loop.run(), std::runtime_error);
}

TEST(Loop, timers_fire_in_order_of_time_and_a_cancelled_one_never) {
  Loop loop(1);
  std::vector<int> order;
  loop.post([&] {
    const Loop::TimerId gone = loop.after(std::chrono::milliseconds(1), [&] { order.push_back(0); });
    loop.after(std::chrono::milliseconds(20), [&] {
      order.push_back(2);
      loop.stop();
    });
    loop.after(std::chrono::milliseconds(2), [&] { order.push_back(1); });
    loop.cancel(gone);
  });
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Loop, runs_again_after_stop_and_keeps_what_was_queued) {
  Loop loop(1);
  loop.stop();
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.run();
  EXPECT_FALSE(ran) << "a stop() before run() was lost";
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(Loop, an_exception_leaves_the_queue_usable) {
  Loop loop(1);
  loop.post([] { throw std::runtime_error("broken"); });
  loop.post([&] { loop.stop(); });
  EXPECT_THROW(loop.run(), std::runtime_error);
  loop.run();
}

TEST(Loop, posts_of_many_threads_all_arrive_each_threads_in_order) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  Loop loop(kThreads);
  std::vector<std::vector<int>> seen(kThreads);
  int finished = 0;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    loop.offload(
        [&, thread] {
          for (int i = 0; i < kEach; ++i) {
            loop.post([&, thread, i] { seen[thread].push_back(i); });
          }
        },
        [&] {
          if (++finished == kThreads) {
            loop.stop();
          }
        });
  }
  loop.run();
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), size_t{kEach});
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST(Loop, never_and_already_are_delays_and_cancelling_twice_is_fine) {
  Loop loop(0);
  bool fired = false;
  const Loop::TimerId never = loop.after(std::chrono::nanoseconds::max(), [&] { fired = true; });
  loop.after(std::chrono::nanoseconds::min(), [&] {
    loop.cancel(never);
    loop.cancel(never);
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(Loop, a_timer_cancelled_when_it_is_already_due_does_not_fire) {
  Loop loop(1);
  bool fired = false;
  Loop::TimerId second = 0;
  loop.post([&] {
    // Both are due at once, so the second one's handler is queued when the first one runs.
    loop.after(std::chrono::nanoseconds(0), [&] { loop.cancel(second); });
    second = loop.after(std::chrono::nanoseconds(0), [&] { fired = true; });
    loop.after(std::chrono::milliseconds(2), [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(Loop, ends_with_work_queued_and_running) {
  std::atomic<bool> begun = false;
  bool ended = false;
  {
    Loop loop(1);
    loop.offload(
        [&] {
          begun = true;
          begun.notify_all();
          ended = true;
        },
        [] { FAIL() << "nobody runs the loop"; });
    begun.wait(false);
    loop.on_pool([] {});
  }
  EXPECT_TRUE(ended);
}

TEST(Loop, a_descriptor_is_watched_for_what_is_wanted_until_nothing_is) {
  Loop loop(1);
  int pair[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  std::string story;
  loop.post([&] {
    loop.watch(pair[0], Loop::Wants::ToRead, [&](Loop::Ready ready) {
      EXPECT_TRUE(ready.to_read);
      char byte = 0;
      ASSERT_EQ(::read(pair[0], &byte, 1), 1);  // one at a time: what is left is told again
      story += byte;
      if (byte == 'b') {
        loop.watch(pair[0], Loop::Wants::Both, [&](Loop::Ready now) {
          story += now.to_write ? 'w' : 'r';
          loop.watch(pair[0], Loop::Wants::Nothing, {});
          ASSERT_EQ(::write(pair[1], "d", 1), 1);
          loop.after(std::chrono::milliseconds(20), [&] { loop.stop(); });
        });
      }
    });
    ASSERT_EQ(::write(pair[1], "ab", 2), 2);
  });
  loop.run();
  EXPECT_EQ(story, "abw") << "and nothing after it was of no interest any more";
  ::close(pair[0]);
  ::close(pair[1]);
}

}  // namespace
}  // namespace loop
