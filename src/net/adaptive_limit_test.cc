#include "net/adaptive_limit.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace net {
namespace {

TEST(AdaptiveLimitTest, it_halves_when_the_server_is_overloaded_and_grows_by_one_a_round) {
  AdaptiveLimit limit(8, 64);
  for (int i = 0; i < 8; ++i) {
    limit.succeeded();
  }
  EXPECT_NEAR(limit.limit(), 9, 0.1);
  limit.overloaded();
  EXPECT_NEAR(limit.limit(), 4.5, 0.1);
}

TEST(AdaptiveLimitTest, refusals_of_one_moment_count_once) {
  AdaptiveLimit limit(8, 64);
  for (int i = 0; i < 8; ++i) {
    limit.succeeded();
  }
  for (int i = 0; i < 4; ++i) {
    limit.overloaded();
  }
  EXPECT_NEAR(limit.limit(), 4.5, 0.1);
  for (int i = 0; i < 100; ++i) {
    limit.overloaded();
  }
  EXPECT_EQ(limit.limit(), 1) << "one may always ask";
}

TEST(AdaptiveLimitTest, it_stays_below_the_most) {
  AdaptiveLimit limit(1, 3);
  for (int i = 0; i < 100; ++i) {
    limit.succeeded();
  }
  EXPECT_EQ(limit.limit(), 3);
}

TEST(AdaptiveLimitTest, no_more_are_under_way_than_it_says) {
  AdaptiveLimit limit(2, 2);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 20; ++turn) {
        const AdaptiveLimit::Place place = limit.enter();
        most = std::max(most.load(), ++now);
        std::this_thread::yield();
        --now;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace net
