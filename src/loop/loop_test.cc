#include "loop/loop.hh"

#include <gtest/gtest.h>

#include <stdexcept>
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

}  // namespace
}  // namespace loop
