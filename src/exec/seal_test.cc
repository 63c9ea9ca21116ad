#include "exec/seal.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace exec {
namespace {

namespace fs = std::filesystem;

class SealTest : public ::testing::Test {
 protected:
  SealTest() {
    fs::create_directories(inside("aa"));
    std::ofstream(inside("aa/one")) << "one";
    std::ofstream(inside("aa/two")) << "two";
    seal_.set();
  }

  [[nodiscard]] std::string inside(const std::string& name) const {
    return folder_.path() + "/cache/" + name;
  }

  base::TemporaryDirectory folder_;
  Seal seal_{folder_.path() + "/cache"};
};

TEST_F(SealTest, holds_while_files_are_only_read) {
  EXPECT_EQ(base::read_file(inside("aa/one")), "one");
  EXPECT_TRUE(seal_.holds());
}

TEST_F(SealTest, breaks_when_bytes_change_even_if_the_times_are_set_back) {
  struct stat before {};

  ASSERT_EQ(::stat(inside("aa/one").c_str(), &before), 0);
  std::ofstream(inside("aa/one")) << "eno";
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, inside("aa/one").c_str(), times, 0), 0);
  EXPECT_FALSE(seal_.holds());
}

TEST_F(SealTest, breaks_when_a_file_is_written_by_another_name_of_it) {
  fs::create_hard_link(inside("aa/one"), folder_.path() + "/input");
  seal_.set();
  EXPECT_TRUE(seal_.holds());
  std::ofstream(folder_.path() + "/input") << "eno";
  EXPECT_FALSE(seal_.holds());
}

TEST_F(SealTest, breaks_when_names_are_exchanged) {
  fs::rename(inside("aa/one"), folder_.path() + "/away");
  fs::rename(inside("aa/two"), inside("aa/one"));
  fs::rename(folder_.path() + "/away", inside("aa/two"));
  EXPECT_FALSE(seal_.holds());
}

TEST_F(SealTest, breaks_when_a_folder_is_moved_into_another_ones_place) {
  fs::create_directories(inside("bb"));
  seal_.set();
  fs::rename(inside("aa"), inside("bb/aa"));
  EXPECT_FALSE(seal_.holds());
}

TEST_F(SealTest, breaks_when_something_goes) {
  fs::remove(inside("aa/one"));
  EXPECT_FALSE(seal_.holds());
}

TEST_F(SealTest, breaks_when_it_cannot_look) {
  fs::remove_all(folder_.path() + "/cache");
  EXPECT_FALSE(seal_.holds());
}

}  // namespace
}  // namespace exec
