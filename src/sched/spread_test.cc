#include "sched/spread.hh"

#include <gtest/gtest.h>

namespace sched {
namespace {

using std::chrono::milliseconds;

TEST(Spread, a_percentile_is_at_most_a_quarter_too_high_and_never_too_low) {
  for (int64_t took = 1; took < (int64_t{1} << 58U); took = took * 5 / 4 + 1) {
    Spread spread;
    spread.count(base::Nanoseconds(took));
    EXPECT_GE(spread.percentile(50).count(), took);
    EXPECT_LE(spread.percentile(50).count(), took + took / 4);
  }
}

TEST(Spread, so_many_percent_took_this_long_or_less) {
  Spread spread;
  for (int count = 0; count < 95; ++count) {
    spread.count(milliseconds{10});
  }
  for (int count = 0; count < 5; ++count) {
    spread.count(milliseconds{1000});
  }
  EXPECT_EQ(spread.counted(), 100U);
  EXPECT_LT(spread.percentile(95), milliseconds{13});
  EXPECT_GE(spread.percentile(96), milliseconds{1000});
  EXPECT_LT(spread.percentile(0), milliseconds{13});
  EXPECT_GE(spread.percentile(100), milliseconds{1000});
}

TEST(Spread, what_took_no_time_or_less_took_none) {
  Spread spread;
  spread.count(base::Nanoseconds(0));
  spread.count(base::Nanoseconds(-5));
  EXPECT_EQ(spread.percentile(100).count(), 0);
  spread.count(base::Nanoseconds(3));
  EXPECT_EQ(spread.percentile(100).count(), 3);
}

}  // namespace
}  // namespace sched
