#include "base/crew.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

namespace base {
namespace {

TEST(Crew, tasks_run_side_by_side_on_as_many_threads_as_there_may_be) {
  std::promise<void> both;
  std::atomic<int> met{0};
  std::atomic<int> done{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    Crew crew(2, Crew::AtEnd::Dropped);
    const std::shared_future<void> together = both.get_future();
    for (int count = 0; count < 2; ++count) {
      crew.run([&, together] {
        if (++met == 2) {
          both.set_value();
        }
        together.wait();
        const std::scoped_lock lock(mutex);
        threads.insert(std::this_thread::get_id());
        ++done;
      });
    }
    together.wait();
  }
  EXPECT_EQ(done, 2) << "what has begun is waited for";
  EXPECT_EQ(threads.size(), 2U);
}

TEST(Crew, what_has_not_begun_at_its_end_is_dropped) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<int> done{0};
  std::thread releases;
  {
    Crew crew(1, Crew::AtEnd::Dropped);
    crew.run([&] {
      begun.set_value();
      go_on.get_future().wait();
      ++done;
    });
    crew.run([&] { ++done; });
    begun.get_future().wait();
    releases = std::thread([&] { go_on.set_value(); });
  }
  releases.join();
  EXPECT_GE(done, 1);
}

TEST(Crew, what_has_not_begun_at_its_end_is_done_if_it_is_to_be) {
  std::promise<void> go_on;
  std::atomic<int> done{0};
  std::thread releases;
  {
    Crew crew(1, Crew::AtEnd::Done);
    crew.run([&] {
      go_on.get_future().wait();
      ++done;
    });
    crew.run([&] { ++done; });
    releases = std::thread([&] { go_on.set_value(); });
  }
  releases.join();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace base
