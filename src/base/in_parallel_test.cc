#include "base/in_parallel.hh"

#include "base/errors.hh"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

namespace base {
namespace {

TEST(InParallel, does_each_once) {
  std::array<std::atomic<int>, 100> done{};
  EXPECT_TRUE(in_parallel(done.size(), 4, [&](size_t at) -> Result<void> {
    ++done[at];
    return {};
  }));
  for (const auto& times : done) {
    EXPECT_EQ(times, 1);
  }
}

TEST(InParallel, a_failure_is_told_and_keeps_the_rest_from_beginning) {
  int done = 0;
  const auto result = in_parallel(10, 1, [&](size_t at) -> Result<void> {
    ++done;
    return at == 2 ? Result<void>(failure("two")) : Result<void>();
  });
  EXPECT_EQ(result.error().message, "two");
  EXPECT_EQ(done, 3);
}

TEST(InParallel, what_any_thread_throws_is_thrown_to_whoever_waits) {
  const auto act = [](size_t at) -> Result<void> {
    if (at == 7) {
      throw OperatorError("seven");
    }
    return {};
  };
  EXPECT_THROW(static_cast<void>(in_parallel(10, 4, act)), OperatorError);
}

}  // namespace
}  // namespace base
