#include "base/files.hh"

#include "base/errors.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace base {
namespace {

TEST(Files, an_absent_file_is_an_answer_and_an_unreadable_one_an_error_that_names_it) {
  const TemporaryDirectory folder;
  EXPECT_EQ(read_file_if_there(folder.path() + "/none"), std::nullopt);
  try {
    (void)read_file(folder.path() + "/none");
    FAIL() << "no error";
  } catch (const SyscallError& error) {
    EXPECT_NE(std::string(error.what()).find(folder.path() + "/none"), std::string::npos) << error.what();
  }
}

TEST(Files, what_a_kill_left_of_an_atomic_write_is_removed_but_not_what_somebody_writes) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  const std::string temporary = directory.path() + "/.gg-file.tmp";
  const UniqueFd writer(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  remove_abandoned_temporary(path);
  EXPECT_EQ(::access(temporary.c_str(), F_OK), 0);
  ASSERT_EQ(::flock(writer.get(), LOCK_UN), 0);
  remove_abandoned_temporary(path);
  EXPECT_NE(::access(temporary.c_str(), F_OK), 0);
}

TEST(Files, an_atomic_write_replaces_and_leaves_no_temporary) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() + "/a\nb\xFF";
  write_file_atomically(path, "old");
  write_file_atomically(path, std::string(300'000, 'x'), 0600, Durability::PowerLoss);
  EXPECT_EQ(read_file(path), std::string(300'000, 'x'));

  struct stat status {};

  ASSERT_EQ(::stat(folder.path().c_str(), &status), 0);
  EXPECT_EQ(::rmdir(folder.path().c_str()), -1);
  ::unlink(path.c_str());
  EXPECT_EQ(::rmdir(folder.path().c_str()), 0) << "something besides the file was left";
  ::mkdir(folder.path().c_str(), 0700);
}

TEST(Files, a_file_is_read_whole_into_no_more_memory_than_it_needs) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() + "/a";
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{1000}, size_t{65'535}, size_t{65'536}, size_t{300'000}}) {
    write_file_atomically(path, std::string(size, 'x'));
    const std::string bytes = read_file(path);
    EXPECT_EQ(bytes, std::string(size, 'x'));
    EXPECT_TRUE(size == 0 || bytes.capacity() <= size + 64) << size << " in " << bytes.capacity();
  }
  EXPECT_FALSE(read_file("/proc/self/status").empty()) << "says that it has no bytes";
}

TEST(Files, remove_tree_takes_what_lost_its_mode_bits_and_follows_no_symlink) {
  const TemporaryDirectory folder;
  make_directories(folder.path() + "/t/a/b");
  write_file_atomically(folder.path() + "/keep", "k");
  ASSERT_EQ(::symlink("../../keep", (folder.path() + "/t/a/link").c_str()), 0);
  ::chmod((folder.path() + "/t/a").c_str(), 0);
  EXPECT_TRUE(remove_tree(folder.path() + "/t"));
  EXPECT_EQ(read_file(folder.path() + "/keep"), "k");
  EXPECT_EQ(::access((folder.path() + "/t").c_str(), F_OK), -1);
}

}  // namespace
}  // namespace base
