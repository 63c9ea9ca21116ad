#include "exec/layout.hh"

#include "exec/farm.hh"
#include "exec/farms.hh"
#include "exec/test_store.hh"

#include <gtest/gtest.h>

#include <filesystem>

namespace {

using exec::Farm;
using exec::Layout;
using exec::Node;

class LayoutTest : public ::testing::Test {
 protected:
  Layout layout(const exec::TreeBuilder& tree, const exec::OutputPaths& outputs = {}) {
    return exec::lay_out(trees_, tree.root(), outputs).value();
  }

  static struct stat status(const std::string& path) {
    struct stat result {};

    EXPECT_EQ(::lstat(path.c_str(), &result), 0) << path;
    return result;
  }

  static std::set<std::string> listing(const std::string& directory) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      names.insert(entry.path().string().substr(directory.size() + 1));
    }
    return names;
  }

  exec::TestStore store_;
  exec::TreeReader trees_{store_};
  base::TemporaryDirectory space_;
};

TEST_F(LayoutTest, lists_parents_first_in_an_order_that_does_not_depend_on_the_walk) {
  const Layout found = layout(
      exec::TreeBuilder(store_).file("a/x", "1").file("a-b", "2").file("a/b/c", "3").symlink("z", "a"));
  std::vector<std::string> paths;
  for (const Node& node : found) {
    paths.push_back(node.path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"a", "a/b", "a/b/c", "a/x", "a-b", "z"}));
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end(), exec::comes_before));
}

TEST_F(LayoutTest, a_repeated_object_is_linked_once_and_copied_with_other_mtimes) {
  Farm farm(space_.path() + "/farm");
  ASSERT_TRUE(farm.become(layout(exec::TreeBuilder(store_)
                                     .file("a/same.h", "#pragma once")
                                     .file("b/same.h", "#pragma once")
                                     .file("c/same.h", "#pragma once", true)
                                     .file("d/other.h", "#pragma none")),
                          store_));
  const auto first = status(farm.directory() + "/a/same.h");
  const auto second = status(farm.directory() + "/b/same.h");
  const auto third = status(farm.directory() + "/c/same.h");
  EXPECT_GT(first.st_nlink, 1U);
  EXPECT_EQ(second.st_nlink, 1U);
  EXPECT_NE(first.st_ino, second.st_ino);
  EXPECT_EQ(second.st_mtim.tv_sec, first.st_mtim.tv_sec + 1);
  EXPECT_EQ(third.st_mtim.tv_sec, first.st_mtim.tv_sec + 2);
  EXPECT_EQ(second.st_mode & 0777U, 0444U);
  EXPECT_EQ(third.st_mode & 0777U, 0555U);
  EXPECT_EQ(status(farm.directory() + "/d/other.h").st_mtim.tv_sec, first.st_mtim.tv_sec);
}

TEST_F(LayoutTest, an_input_that_is_an_output_too_is_a_writable_copy) {
  Farm farm(space_.path() + "/farm");
  ASSERT_TRUE(farm.become(
      layout(exec::TreeBuilder(store_).file("out/lib.a", "!<arch>").file("b.a", "x"), {"out/lib.a"}),
      store_));
  EXPECT_EQ(status(farm.directory() + "/out/lib.a").st_mode & 0777U, 0644U);
  EXPECT_EQ(status(farm.directory() + "/out/lib.a").st_nlink, 1U);
  EXPECT_EQ(status(farm.directory() + "/b.a").st_mode & 0777U, 0444U);
}

TEST_F(LayoutTest, a_farm_turns_into_the_next_layout_by_what_differs) {
  exec::TreeBuilder tree(store_);
  tree.file("usr/include/a.h", "a")
      .file("usr/include/b.h", "b")
      .file("src/one.c", "1")
      .symlink("lib", "usr/lib");
  Farm farm(space_.path() + "/farm");
  ASSERT_TRUE(farm.become(layout(tree), store_));
  EXPECT_EQ(store_.placed(), 3U);

  exec::TreeBuilder next(store_);
  next.file("usr/include/a.h", "a").file("usr/include/b.h", "changed").file("lib/real", "now a directory");
  ASSERT_TRUE(farm.become(layout(next), store_));
  EXPECT_EQ(store_.placed(), 5U);
  EXPECT_EQ(listing(farm.directory()), (std::set<std::string>{"lib", "lib/real", "usr", "usr/include",
                                                              "usr/include/a.h", "usr/include/b.h"}));
  EXPECT_EQ(base::read_file(farm.directory() + "/usr/include/b.h"), "changed");

  ASSERT_TRUE(farm.become(layout(tree), store_));
  EXPECT_EQ(base::read_file(farm.directory() + "/usr/include/b.h"), "b");
  EXPECT_TRUE(std::filesystem::is_symlink(farm.directory() + "/lib"));
}

TEST_F(LayoutTest, a_promise_in_the_tree_is_refused_by_name) {
  exec::TreeBuilder tree(store_);
  tree.entry("main.o", object::Promise{object::hash("thunk"), "main.o"});
  const auto refused = exec::lay_out(trees_, tree.root(), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.message.rfind("'main.o' is still a promise of ", 0), 0U);
}

TEST_F(LayoutTest, all_lost_objects_are_named) {
  exec::TreeBuilder tree(store_);
  tree.file("a", "gone");
  tree.file("b", "here");
  tree.file("c", "gone too");
  const Layout wanted = layout(tree);
  store_.forget(object::hash("gone"));
  store_.forget(object::hash("gone too"));
  Farm farm(space_.path() + "/farm");
  const auto failed = farm.become(wanted, store_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().lost, (std::vector{object::hash("gone"), object::hash("gone too")}));
}

TEST_F(LayoutTest, alike_layouts_find_their_farm_again_and_others_get_their_own) {
  exec::Farms farms(space_.path() + "/farms", store_);
  exec::TreeBuilder compile(store_);
  compile.file("cc1", "compiler").file("a.h", "a").file("b.h", "b");
  exec::TreeBuilder link(store_);
  link.file("ld", "linker");
  std::string first;
  {
    const auto one = farms.take(layout(compile));
    const auto two = farms.take(layout(link));
    first = (*one)->directory();
    EXPECT_NE((*two)->directory(), first);
  }
  compile.file("c.h", "c");
  EXPECT_EQ((*farms.take(layout(compile)))->directory(), first);
}

TEST_F(LayoutTest, farms_of_a_dead_process_are_swept_and_those_of_a_live_one_stay) {
  const std::string directory = space_.path() + "/farms";
  std::filesystem::create_directories(directory + "/99-0/0/usr");
  base::write_file_atomically(directory + "/99-0.lock", "");
  const exec::Farms live(directory, store_);
  exec::Farms::sweep(directory);
  EXPECT_FALSE(std::filesystem::exists(directory + "/99-0"));
  const exec::Farms other(directory, store_);
  EXPECT_TRUE(std::filesystem::exists(live.directory()));
  EXPECT_NE(live.directory(), other.directory());
}

}  // namespace
