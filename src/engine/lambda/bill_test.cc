#include "engine/lambda/bill.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

using std::chrono::milliseconds;

// FACTS of AWS's price list: 10,000 workers of 3 GB for 10 s cost about five dollars.
TEST(FunctionPrices, are_those_of_the_price_list) {
  const FunctionPrices prices;
  EXPECT_NEAR(10'000 * prices.of(3072, milliseconds(10'000)) / 1e6, 5.0, 0.01);
  EXPECT_NEAR(1'000'000 * prices.of(128, milliseconds(0)) / 1e6, 0.20, 1e-6);
}

TEST(Bill, what_is_told_of_many_small_amounts_adds_up) {
  Bill bill;
  sched::MicroDollars told = 0;
  for (int count = 0; count < 10'000; ++count) {
    told += bill.add(0.25);
  }
  EXPECT_EQ(told, 2500U);
  EXPECT_EQ(bill.add(0.5), 1U) << "never less than it is";
  EXPECT_EQ(bill.add(0.5), 0U);
}

}  // namespace
}  // namespace engine
