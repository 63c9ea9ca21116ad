#include "testing/history.hh"
#include "testing/shrink.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>

namespace {

// GG_SEED repeats one history; GG_HISTORIES says how many (a soak takes millions), from GG_FIRST_SEED on.
uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): no other thread here
  return value == nullptr ? otherwise : std::stoull(value);
}

TEST(ReducerSimulation, every_random_history_ends_with_the_true_answers) {
  const uint64_t one = number_from("GG_SEED", 0);
  const uint64_t first = one != 0 ? one : number_from("GG_FIRST_SEED", 1);
  const uint64_t count = one != 0 ? 1 : number_from("GG_HISTORIES", 25'000);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const auto wrong = fake::run_history(seed);
    ASSERT_FALSE(wrong.has_value()) << *wrong;
  }
}

TEST(ReducerSimulation, a_failure_is_told_with_its_seed_and_the_least_that_brings_it_about) {
  const auto nobody_cancels = [](const sched::Action& action) {
    return std::holds_alternative<sched::CancelAttempt>(action) ? "somebody cancels" : "";
  };
  std::optional<std::string> wrong;
  uint64_t seed = 0;
  while (!wrong) {
    wrong = fake::run_history(++seed, nobody_cancels);
  }
  EXPECT_EQ(wrong->find("GG_SEED=" + std::to_string(seed) + ": somebody cancels\n"), 0U) << *wrong;
  EXPECT_LT(std::count(wrong->begin(), wrong->end(), '\n'), 100) << *wrong;
  EXPECT_EQ(wrong, fake::run_history(seed, nobody_cancels));
}

TEST(Shrink, leaves_out_all_that_is_not_needed) {
  const auto needs_3_and_17 = [](const std::set<size_t>& left_out) {
    return left_out.count(3) == 0 && left_out.count(17) == 0;
  };
  const std::set<size_t> out = fake::superfluous(40, needs_3_and_17);
  EXPECT_EQ(out.size(), 38U);
  EXPECT_TRUE(needs_3_and_17(out));
}

TEST(Shrink, finds_what_can_go_only_when_something_else_has_gone) {
  const auto one_before_two = [](const std::set<size_t>& left_out) {
    return left_out.count(0) != 0 ? left_out.count(1) != 0 || left_out.empty() : true;
  };
  EXPECT_EQ(fake::superfluous(2, one_before_two).size(), 2U);
  EXPECT_TRUE(fake::superfluous(9, [](const auto& left_out) { return left_out.empty(); }).empty());
  EXPECT_TRUE(fake::superfluous(
                  9, [](const auto&) { return true; }, 0)
                  .empty());
}

}  // namespace
