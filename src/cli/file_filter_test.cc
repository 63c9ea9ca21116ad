#include "cli/file_filter.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(FileFilter, globs) {
  EXPECT_TRUE(matches_glob("*.c", "main.c"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_FALSE(matches_glob("*.c", "src/main.c"));
  EXPECT_TRUE(matches_glob("src/*.c", "src/main.c"));
  EXPECT_TRUE(matches_glob("**.c", "src/deep/main.c"));
  EXPECT_TRUE(matches_glob("**/test/**", "a/b/test/c"));
  EXPECT_TRUE(matches_glob("[a-c]?.[!o]", "bx.c"));
  EXPECT_FALSE(matches_glob("[a-c]?.[!o]", "bx.o"));
  EXPECT_TRUE(matches_glob("\\*", "*"));
  EXPECT_FALSE(matches_glob("\\*", "x"));
  EXPECT_TRUE(matches_glob("[", "["));
  EXPECT_FALSE(matches_glob("?", "/"));
}

TEST(FileFilter, many_stars_end_soon) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "a*";
  }
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(2000, 'a')));
}

TEST(FileFilter, a_pattern_without_slash_is_about_the_name) {
  const FileFilter filter{{"*.c", "include/**"}, {"test_*", "build"}};
  EXPECT_TRUE(filter.takes_file("src/a.c"));
  EXPECT_TRUE(filter.takes_file("include/x/y.h"));
  EXPECT_FALSE(filter.takes_file("src/a.h"));
  EXPECT_FALSE(filter.takes_file("src/test_a.c"));
  EXPECT_FALSE(filter.enters("src/build"));
  EXPECT_TRUE(filter.enters("src"));
}

}  // namespace
}  // namespace cli
