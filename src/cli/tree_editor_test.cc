#include "cli/tree_editor.hh"

#include "base/errors.hh"
#include "exec/tree_builder.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

using exec::TreeBuilder;
using object::Digest;
using object::Entry;
using object::File;
using object::Promise;
using object::Subdirectory;

class Trees : public ::testing::Test {
 protected:
  Entry file(const char* bytes) { return File{store_.put(bytes).value(), false}; }

  object::MemoryStore store_;
  TreeEditor trees_{store_};
};

TEST_F(Trees, entries_replace_and_directories_come_to_be) {
  const Digest base = TreeBuilder(store_).file("a", "old").file("d/kept", "k").root();
  const Digest wanted =
      TreeBuilder(store_).file("a", "new").file("d/kept", "k").file("d/x/y", "y").file("d.x/z", "z").root();
  EXPECT_EQ(trees_.lay_over(base, {{"a", file("new")}, {"d/x/y", file("y")}, {"d.x/z", file("z")}}), wanted);
}

TEST_F(Trees, a_directory_is_laid_over_another) {
  const Digest base = TreeBuilder(store_).file("d/old", "o").file("d/e/both", "1").root();
  const Digest over = TreeBuilder(store_).file("e/both", "2").file("e/new", "n").root();
  const Digest wanted =
      TreeBuilder(store_).file("d/old", "o").file("d/e/both", "2").file("d/e/new", "n").root();
  EXPECT_EQ(trees_.lay_over(base, {{"d", Subdirectory{over, false}}}), wanted);
}

TEST_F(Trees, promises_make_all_directories_above_them_owe) {
  const Digest empty = TreeBuilder(store_).root();
  const Promise promise{object::Digest(object::Digest::Hash{1}, 1), "o"};
  const Digest root = trees_.lay_over(empty, {{"a/b/c", promise}});
  EXPECT_TRUE(trees_.subdirectory(root).owes);
  EXPECT_EQ(trees_.at(root, "a/b/c"), Entry(promise));
  const auto above = trees_.at(root, "a");
  ASSERT_TRUE(above);
  EXPECT_TRUE(std::get<Subdirectory>(*above).owes);
  const Digest without = trees_.lay_over(root, {{"a/b/c", file("real")}});
  EXPECT_FALSE(trees_.subdirectory(without).owes);
}

TEST_F(Trees, nothing_stands_inside_a_file) {
  const Digest base = TreeBuilder(store_).file("a", "1").root();
  EXPECT_THROW((void)trees_.lay_over(base, {{"a/b", file("x")}}), base::OperatorError);
  EXPECT_EQ(trees_.at(base, "a/b"), std::nullopt);
  EXPECT_EQ(trees_.at(base, "b"), std::nullopt);
}

TEST_F(Trees, a_directory_that_is_not_there_is_named) {
  EXPECT_THROW((void)trees_.lay_over(object::Digest(object::Digest::Hash{1}, 1), {}), base::OperatorError);
}

}  // namespace
}  // namespace cli
