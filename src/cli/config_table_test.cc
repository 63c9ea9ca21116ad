#include "cli/config_table.hh"

#include <gtest/gtest.h>

using namespace cli;

namespace {

const ConfigLines kLines{{"region", toml_string("eu-west-1")}, {"count", "8"}};
constexpr const char* kTable = "[lambda]\nregion = \"eu-west-1\"\ncount = 8\n";

}  // namespace

TEST(ConfigTable, is_put_behind_what_is_there) {
  EXPECT_EQ(with_table("", "lambda", kLines), kTable);
  EXPECT_EQ(with_table("jobs = 8  # mine", "lambda", kLines), std::string("jobs = 8  # mine\n\n") + kTable);
}

TEST(ConfigTable, takes_the_place_of_the_one_before) {
  EXPECT_EQ(
      with_table("jobs = 8\n[lambda]\nregion = \"old\"\nmore = 1\n\n# mine\n[profile.ci]\nquiet = true\n",
                 "lambda", kLines),
      std::string("jobs = 8\n") + kTable + "\n# mine\n[profile.ci]\nquiet = true\n");
  EXPECT_EQ(with_table(kTable, "lambda", kLines), kTable);
}

TEST(ConfigTable, goes_and_leaves_the_rest) {
  EXPECT_EQ(with_table(std::string("jobs = 8\n") + kTable + "[profile.ci]\n", "lambda", {}),
            "jobs = 8\n[profile.ci]\n");
}

TEST(ConfigTable, strings_are_escaped) {
  EXPECT_EQ(toml_string("a\"b\\c"), "\"a\\\"b\\\\c\"");
}
