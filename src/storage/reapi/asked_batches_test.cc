#include "storage/reapi/asked_batches.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

namespace storage {

namespace {

using Digests = AskedBatches::Digests;

Digests objects(const std::string& name, size_t count) {
  Digests digests;
  for (size_t i = 0; i < count; ++i) {
    digests.push_back(object::hash(name + std::to_string(i)));
  }
  return digests;
}

TEST(AskedBatches, the_first_move_while_later_ones_are_asked_about) {
  const Digests first = objects("first", 2);
  const Digests last = objects("last", 2);
  std::promise<void> moved;
  AskedBatches::Steps steps;
  steps.ask = [&](const Digests& slice) -> base::Result<std::vector<Digests>> {
    if (slice == last && moved.get_future().wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      return base::failure("nothing moves before all is asked about");
    }
    return std::vector<Digests>{slice};
  };
  steps.move = [&](const Digests& batch) -> base::Result<Digests> {
    if (batch == first) {
      moved.set_value();
    }
    return Digests();
  };
  const auto lacking = AskedBatches({first, last}, steps).run(2);
  ASSERT_TRUE(lacking) << lacking.error().message;
  EXPECT_TRUE(lacking->empty());
}

TEST(AskedBatches, all_that_is_to_move_does_and_what_was_not_there_is_said) {
  std::mutex mutex;
  std::multiset<object::Digest> moved;
  AskedBatches::Steps steps;
  steps.ask = [](const Digests& slice) -> base::Result<std::vector<Digests>> {
    return std::vector<Digests>{{slice[0]}, {slice[1]}};  // the third is there
  };
  steps.move = [&](const Digests& batch) -> base::Result<Digests> {
    const std::scoped_lock lock(mutex);
    moved.insert(batch.begin(), batch.end());
    return Digests{batch.front()};
  };
  std::vector<Digests> slices;
  std::multiset<object::Digest> expected;
  for (int i = 0; i < 50; ++i) {
    slices.push_back(objects(std::to_string(i) + "/", 3));
    expected.insert(slices.back().begin(), slices.back().begin() + 2);
  }
  const auto lacking = AskedBatches(slices, steps).run(4);
  ASSERT_TRUE(lacking);
  EXPECT_EQ(moved, expected);
  EXPECT_EQ(std::multiset<object::Digest>(lacking->begin(), lacking->end()), expected);
}

TEST(AskedBatches, after_an_error_nothing_begins) {
  std::atomic<int> begun{0};
  AskedBatches::Steps steps;
  steps.ask = [](const Digests& slice) -> base::Result<std::vector<Digests>> {
    return std::vector<Digests>{slice};
  };
  steps.move = [&](const Digests&) -> base::Result<Digests> {
    ++begun;
    return base::failure("refused");
  };
  const auto lacking = AskedBatches(std::vector<Digests>(50, objects("", 1)), steps).run(3);
  ASSERT_FALSE(lacking);
  EXPECT_EQ(lacking.error().message, "refused");
  EXPECT_LE(begun, 3);
}

}  // namespace

}  // namespace storage
