#include "ir/output_path.hh"

#include <gtest/gtest.h>

namespace ir {
namespace {

struct Spelling {
  const char* working_directory;
  const char* path;
  const char* from_root;
};

TEST(OutputPath, every_file_has_one_spelling_and_it_leads_back) {
  for (const Spelling& s :
       {Spelling{"", "a", "a"}, Spelling{"", "a/b", "a/b"}, Spelling{"w", "a", "w/a"},
        Spelling{"w/x", "../a", "w/a"}, Spelling{"w/x", "../../a/b", "a/b"}, Spelling{"w/x", "../xa", "w/xa"},
        Spelling{"w/x", "w/x", "w/x/w/x"}, Spelling{"w/x", "../../x", "x"}, Spelling{"w", "..a", "w/..a"}}) {
    EXPECT_EQ(output_from_root(s.working_directory, s.path), s.from_root) << s.path;
    EXPECT_EQ(output_path(s.working_directory, s.from_root), s.path) << s.from_root;
  }
}

TEST(OutputPath, what_leaves_the_root_or_returns_to_where_it_came_from_is_refused) {
  EXPECT_EQ(output_from_root("", "../a"), std::nullopt);
  EXPECT_EQ(output_from_root("w", "../../a"), std::nullopt);
  EXPECT_EQ(output_from_root("w/x", "../x/a"), std::nullopt);
  EXPECT_EQ(output_from_root("w/x", "../../w/a"), std::nullopt);
  EXPECT_EQ(output_from_root("w/x", "../../w/x/a"), std::nullopt);
  EXPECT_EQ(output_from_root("w/x", "../x"), std::nullopt) << "the working directory itself";
  EXPECT_EQ(output_from_root("/w", "a"), std::nullopt);
  EXPECT_EQ(output_from_root("w", "/a"), std::nullopt);
  EXPECT_EQ(output_path("w/x", "w/x"), std::nullopt);
  EXPECT_EQ(output_path("w/x", "w"), std::nullopt);
  EXPECT_EQ(output_path("w/x", ""), std::nullopt);
  EXPECT_EQ(output_path("w/x", "/a"), std::nullopt);
}

}  // namespace
}  // namespace ir
