#include "exec/skeleton.hh"

#include "base/files.hh"
#include "exec/test_store.hh"
#include "exec/tree_builder.hh"
#include "exec/tree_reader.hh"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace exec {
namespace {

namespace fs = std::filesystem;

// A root with a link for /usr and /lib, and one within a real /etc.
class SkeletonTest : public ::testing::Test {
 protected:
  SkeletonTest() {
    for (const char* name : {"tmp/cache", "etc", "dev", "var"}) {
      fs::create_directories(root() + "/" + name);
    }
    for (const char* name : {"/usr", "/lib", "/etc/alternatives"}) {
      fs::create_symlink(std::string("/tmp/root") + name, root() + name);
    }
  }

  [[nodiscard]] const std::string& root() const { return folder_.path(); }

  // What stands below /tmp/root.
  [[nodiscard]] std::string laid_out(const std::string& path) const { return root() + "/tmp/root/" + path; }

  Expected<void> lay_out(TreeBuilder& tree, const std::vector<std::string>& directories = {}) {
    TreeReader reader(store_);
    return skeleton_.lay_out(exec::lay_out(reader, tree.root(), {}).value(), directories, store_);
  }

  std::string refusal(TreeBuilder& tree) {
    const auto done = lay_out(tree);
    EXPECT_FALSE(done);
    if (done) {
      return "";
    }
    EXPECT_EQ(done.error().error.kind, base::FailureKind::RetryElsewhere);
    return done.error().error.message;
  }

  base::TemporaryDirectory folder_;
  TestStore store_;
  Skeleton skeleton_{{"cache"}, folder_.path()};
};

TEST_F(SkeletonTest, puts_files_behind_the_links_of_the_root) {
  TreeBuilder tree(store_);
  tree.file("usr/include/a.h", "a").symlink("lib", "usr/lib").file("etc/alternatives/cc", "c");
  ASSERT_TRUE(lay_out(tree));
  EXPECT_EQ(base::read_file(laid_out("usr/include/a.h")), "a");
  EXPECT_EQ(base::link_target(laid_out("lib")), "usr/lib");
  EXPECT_EQ(base::read_file(laid_out("etc/alternatives/cc")), "c");
}

TEST_F(SkeletonTest, puts_files_of_tmp_where_they_are) {
  TreeBuilder tree(store_);
  tree.file("tmp/project/a.c", "a");
  ASSERT_TRUE(lay_out(tree));
  EXPECT_EQ(base::read_file(root() + "/tmp/project/a.c"), "a");
}

TEST_F(SkeletonTest, makes_the_directories_of_the_command) {
  TreeBuilder tree(store_);
  tree.file("usr/a", "a");
  ASSERT_TRUE(lay_out(tree, {"/usr/src/deep", "/tmp/out", "/"}));
  EXPECT_TRUE(fs::is_directory(laid_out("usr/src/deep")));
  EXPECT_TRUE(fs::is_directory(root() + "/tmp/out"));
}

TEST_F(SkeletonTest, real_directories_are_reached_from_below_too) {
  TreeBuilder tree(store_);
  tree.file("usr/a", "a");
  ASSERT_TRUE(lay_out(tree));
  EXPECT_EQ(base::link_target(laid_out("tmp")), "/tmp");
  EXPECT_EQ(base::link_target(laid_out("dev")), "/dev");
}

TEST_F(SkeletonTest, names_the_path_that_the_root_has_no_place_for) {
  const std::map<std::string, std::string> named{
      {"scratch/a", "/scratch"}, {"etc/passwd", "/etc/passwd"}, {"var/lib/a", "/var/lib"}};
  for (const auto& [path, name] : named) {
    TreeBuilder tree(store_);
    tree.file(path, "a");
    const std::string said = refusal(tree);
    EXPECT_NE(said.find("has no place for " + name + ","), std::string::npos) << said;
    ASSERT_TRUE(skeleton_.clear());
  }
}

TEST_F(SkeletonTest, devices_are_the_places_own_but_a_project_in_dev_shm_is_refused) {
  TreeBuilder devices(store_);
  devices.file("dev/null", "").file("proc/version", "");
  EXPECT_TRUE(lay_out(devices));
  fs::remove_all(root() + "/tmp/root");
  TreeBuilder project(store_);
  project.file("dev/shm/project/a.c", "a");
  EXPECT_NE(refusal(project).find("/dev/shm"), std::string::npos);
}

TEST_F(SkeletonTest, a_tree_cannot_write_into_what_is_kept) {
  for (const char* path : {"tmp/cache/objects", "tmp/root/usr"}) {
    TreeBuilder tree(store_);
    tree.file(path, "a");
    EXPECT_NE(refusal(tree).find("uses for itself"), std::string::npos);
    ASSERT_TRUE(skeleton_.clear());
  }
}

TEST_F(SkeletonTest, clear_leaves_only_what_is_kept) {
  TreeBuilder tree(store_);
  tree.file("usr/a", "a").file("tmp/project/a.c", "a");
  ASSERT_TRUE(lay_out(tree));
  std::ofstream(root() + "/tmp/left") << "by a command";
  fs::create_directories(root() + "/tmp/locked/in");
  fs::permissions(root() + "/tmp/locked", fs::perms::none);
  ASSERT_TRUE(skeleton_.clear());
  const auto left = std::distance(fs::directory_iterator(root() + "/tmp"), fs::directory_iterator());
  EXPECT_EQ(left, 1);
  EXPECT_TRUE(fs::is_directory(root() + "/tmp/cache"));
}

}  // namespace
}  // namespace exec
