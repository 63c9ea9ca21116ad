#include "engine/lambda/functions.hh"

#include <gtest/gtest.h>

#include <map>

namespace engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Went = Functions::Went;

constexpr base::Nanoseconds kStart = seconds(100);

milliseconds whole(milliseconds time) {
  return time;
}

Functions two() {
  return Functions({{"gg-main-0", 1769, seconds(60)}, {"gg-main-1", 1769, seconds(60)}}, whole);
}

TEST(Functions, are_used_in_turn) {
  Functions functions = two();
  std::map<std::string, int> taken;
  for (int count = 0; count < 1000; ++count) {
    ++taken[functions[*functions.take(0, kStart)].name];
  }
  EXPECT_EQ(taken, (std::map<std::string, int>{{"gg-main-0", 500}, {"gg-main-1", 500}}));
}

TEST(Functions, one_that_is_throttled_keeps_to_what_runs_pauses_and_tries_some_more) {
  Functions functions({{"one", 1769, seconds(60)}}, whole);
  for (int count = 0; count < 1200; ++count) {
    ASSERT_TRUE(functions.take(0, kStart));
  }
  for (int count = 0; count < 200; ++count) {
    functions.done(0, Went::Throttled, kStart);
  }
  EXPECT_FALSE(functions.take(0, kStart));
  EXPECT_EQ(functions.next_chance(0), kStart + milliseconds(100)) << "200 refusals say one thing once";
  const base::Nanoseconds later = kStart + milliseconds(100);
  int more = 0;
  while (functions.take(0, later)) {
    ++more;
  }
  EXPECT_EQ(more, 125) << "an eighth of the thousand that run";
  functions.done(0, Went::Throttled, later);
  EXPECT_EQ(functions.next_chance(0), later + milliseconds(200)) << "and longer from time to time";
}

TEST(Functions, another_takes_what_one_that_is_throttled_does_not) {
  Functions functions = two();
  const size_t first = *functions.take(0, kStart);
  functions.done(first, Went::Throttled, kStart);
  for (int count = 0; count < 5; ++count) {
    EXPECT_EQ(functions.take(0, kStart), 1 - first);
  }
}

TEST(Functions, one_that_is_deleted_is_left_for_good) {
  Functions functions = two();
  const size_t first = *functions.take(0, kStart);
  const size_t second = *functions.take(0, kStart);
  functions.done(first, Went::Gone, kStart);
  EXPECT_FALSE(functions.are_gone(0));
  EXPECT_EQ(functions.take(0, kStart + seconds(1000)), second);
  functions.done(second, Went::Gone, kStart);
  EXPECT_FALSE(functions.are_gone(0)) << "one invocation of it is still under way";
  functions.done(second, Went::Well, kStart);
  EXPECT_TRUE(functions.are_gone(0));
  EXPECT_FALSE(functions.take(0, kStart));
  EXPECT_FALSE(functions.next_chance(0));
}

TEST(Functions, one_that_keeps_failing_is_left_alone_for_longer_and_longer) {
  Functions functions({{"one", 1769, seconds(60)}}, whole);
  base::Nanoseconds now = kStart;
  std::vector<base::Nanoseconds> pauses;
  for (int count = 0; count < 4; ++count) {
    ASSERT_TRUE(functions.take(0, now));
    functions.done(0, Went::Badly, now);
    pauses.push_back(std::max(functions.next_chance(0).value_or(now) - now, base::Nanoseconds(0)));
    now += pauses.back();
  }
  EXPECT_EQ(pauses, (std::vector<base::Nanoseconds>{milliseconds(0), milliseconds(250), milliseconds(500),
                                                    milliseconds(1000)}));
}

TEST(Functions, what_needs_more_memory_goes_to_those_that_have_it) {
  Functions functions({{"large", 10'240, seconds(60)}, {"small", 1769, seconds(900)}}, whole);
  EXPECT_EQ(functions.classes(), 2U);
  EXPECT_EQ(functions[*functions.take(functions.class_for(0), kStart)].name, "small");
  EXPECT_EQ(functions[*functions.take(functions.class_for(uint64_t{2} << 30U), kStart)].name, "large");
  EXPECT_EQ(functions.class_for(uint64_t{100} << 30U), 1U);
  EXPECT_EQ(functions.timeout(), seconds(900));
}

}  // namespace
}  // namespace engine
