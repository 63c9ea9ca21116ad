#include "testing/history.hh"

#include <gtest/gtest.h>

#include <cstdlib>
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
  const uint64_t count = one != 0 ? 1 : number_from("GG_HISTORIES", 20'000);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const auto wrong = fake::run_history(seed);
    ASSERT_FALSE(wrong.has_value()) << *wrong;
  }
}

}  // namespace
