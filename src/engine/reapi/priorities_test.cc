#include "engine/reapi/priorities.hh"

#include <gtest/gtest.h>

#include <cstdint>

namespace engine {
namespace {

TEST(Priorities, the_longest_way_goes_first_and_no_sooner_than_others_actions) {
  Priorities priorities({-1000, 1000});
  EXPECT_EQ(priorities.of(1000), 0);
  EXPECT_GT(priorities.of(400), 0);
  EXPECT_GT(priorities.of(10), priorities.of(400));
  EXPECT_EQ(priorities.of(5000), 0);
  EXPECT_GT(priorities.of(1000), 0);
}

TEST(Priorities, are_those_that_the_server_knows) {
  EXPECT_EQ(Priorities({0, 0}).of(7), 0);
  Priorities few({3, 5});
  EXPECT_EQ(few.of(UINT32_MAX), 3);
  EXPECT_EQ(few.of(1), 5);
  EXPECT_EQ(few.of(0), 5);
}

}  // namespace
}  // namespace engine
