#include "base/program_path.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(FindProgram, takes_the_first_executable_file_on_the_path) {
  const TemporaryDirectory folder("/tmp", "gg-test-");
  const std::string& root = folder.path();
  make_directories(root + "/a/tool");  // a folder is no program
  make_directories(root + "/b");
  make_directories(root + "/c");
  write_file_atomically(root + "/b/tool", "", 0644);
  write_file_atomically(root + "/c/tool", "", 0755);
  EXPECT_EQ(find_program("tool", root + "/a:" + root + "/b:" + root + "/c", "/"), root + "/c/tool");
  EXPECT_EQ(find_program("tool", root + "/a:", root + "/c"), root + "/c/tool");
  EXPECT_EQ(find_program("tool", root + "/a", "/"), std::nullopt);
}

TEST(FindProgram, an_empty_part_of_the_path_is_the_working_directory) {
  const std::vector<std::string> expected{"/bin", "/w", "/w/tools", "/w"};
  EXPECT_EQ(search_folders("/bin::tools:", "/w"), expected);
  EXPECT_EQ(search_folders("", "/w"), std::vector<std::string>{"/w"});
}

TEST(FindProgram, a_name_with_a_slash_is_a_path) {
  EXPECT_EQ(find_program("./tool", "/bin", "/a"), "/a/./tool");
  EXPECT_EQ(find_program("/opt/tool", "/bin", "/a"), "/opt/tool");
}

}  // namespace
}  // namespace base
