#include "cli/progress.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Progress, the_estimate_counts_only_what_was_executed) {
  EXPECT_EQ(progress_line({10, 0, 2, 0}, std::chrono::seconds(3)), "[0/10] 2 running, 8 waiting, 0 hits");
  EXPECT_EQ(progress_line({10, 6, 2, 4}, std::chrono::seconds(3)),
            "[6/10] 2 running, 2 waiting, 4 hits, about 6 s left");
  EXPECT_EQ(progress_line({4, 4, 0, 1}, std::chrono::seconds(3)), "[4/4] 0 running, 0 waiting, 1 hits");
}

}  // namespace
}  // namespace cli
