#include "storage/local/store.hh"

#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

#include <algorithm>
#include <filesystem>

namespace storage {
namespace {

using object::Digest;
using Placing = object::FileStore::Placing;

std::string pattern(size_t size, char seed = 'a') {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(seed) + i * 7 + i / 251);
  }
  return bytes;
}

const std::string kLarge = pattern(700'000);

using LocalStoreTest = StoreTest;

TEST_F(LocalStoreTest, what_is_put_can_be_got_under_its_name_also_by_the_next_process) {
  for (const std::string& bytes : {std::string(), std::string("x"), pattern(4096), kLarge}) {
    const Digest digest = open()->put(bytes).value();
    EXPECT_EQ(digest, object::hash(bytes));
    EXPECT_EQ(open()->get(digest).value(), bytes);
  }
}

TEST_F(LocalStoreTest, an_object_that_was_never_put_is_an_answer_not_an_error) {
  const auto store = open();
  const Digest held = store->put("held").value();
  const Digest absent = object::hash("absent");
  EXPECT_EQ(store->get(absent).value(), std::nullopt);
  EXPECT_EQ(store->missing(std::vector{absent, held}).value(), std::vector{absent});
  EXPECT_EQ(store->place(absent, false, outside("f"), Placing::Copy).value(), false);
  EXPECT_EQ(store->place(absent, true, outside("f"), Placing::HardLink).value(), false);
  EXPECT_EQ(::access(outside("f").c_str(), F_OK), -1);
}

TEST_F(LocalStoreTest, a_name_with_the_right_hash_and_a_wrong_size_is_not_held_and_harms_nothing) {
  const auto store = open();
  const Digest held = store->put("held").value();
  const Digest bogus(held.hash(), 5);
  EXPECT_EQ(store->get(bogus).value(), std::nullopt);
  EXPECT_EQ(store->missing(std::vector{bogus}).value(), std::vector{bogus});
  EXPECT_EQ(store->place(bogus, false, outside("f"), Placing::HardLink).value(), false);
  EXPECT_EQ(store->get(held).value(), "held");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(LocalStoreTest, files_of_any_size_are_put_from_their_start_wherever_the_descriptor_stands) {
  const auto store = open();
  for (const std::string& bytes : {std::string(), pattern(5000), kLarge}) {
    base::write_file_atomically(outside("source"), bytes);
    const base::UniqueFd fd(::open(outside("source").c_str(), O_RDONLY | O_CLOEXEC));
    ::lseek(fd.get(), 0, SEEK_END);
    EXPECT_EQ(store->put_file(fd.get(), "source", {}).value(), object::hash(bytes));
    EXPECT_EQ(store->get(object::hash(bytes)).value(), bytes);
  }
}

TEST_F(LocalStoreTest, a_put_that_is_not_wanted_any_more_ends_and_leaves_nothing) {
  const auto store = open();
  const std::string bytes = pattern(1U << 20U);
  base::write_file_atomically(outside("source"), bytes);
  const base::UniqueFd fd(::open(outside("source").c_str(), O_RDONLY | O_CLOEXEC));
  const auto files = [&] {
    const std::filesystem::recursive_directory_iterator all(path());
    return std::count_if(begin(all), end(all), [](const auto& entry) { return entry.is_regular_file(); });
  };
  const auto before = files();
  for (const int pieces : {0, 5, 12}) {  // of 128 KiB: at once, while it is hashed, while it is copied
    int left = pieces;
    const auto put = store->put_file(fd.get(), "source", [&] { return left-- > 0; });
    ASSERT_FALSE(put);
    EXPECT_NE(put.error().message.find("'source': Operation canceled"), std::string::npos)
        << put.error().message;
    EXPECT_EQ(store->missing(std::vector{object::hash(bytes)}).value().size(), 1U);
  }
  EXPECT_EQ(files(), before);
}

TEST_F(LocalStoreTest, putting_again_writes_nothing) {
  const auto store = open();
  const Digest digest = store->put(kLarge).value();
  const ino_t inode = status_of(object_path(digest)).st_ino;
  EXPECT_EQ(store->put(kLarge).value(), digest);
  EXPECT_EQ(open()->put(kLarge).value(), digest);
  EXPECT_EQ(status_of(object_path(digest)).st_ino, inode);
}

TEST_F(LocalStoreTest, a_hard_link_is_read_only_and_shares_the_inode_of_its_mode) {
  const auto store = open();
  const Digest digest = store->put("#!/bin/sh\n").value();
  const mode_t umask_before = ::umask(0077);
  ASSERT_TRUE(store->place(digest, false, outside("plain"), Placing::HardLink).value());
  ASSERT_TRUE(store->place(digest, true, outside("run"), Placing::HardLink).value());
  ASSERT_TRUE(store->place(digest, true, outside("run2"), Placing::HardLink).value());
  ::umask(umask_before);
  EXPECT_EQ(mode_of(outside("plain")), 0444U);
  EXPECT_EQ(mode_of(outside("run")), 0555U);
  EXPECT_EQ(status_of(outside("plain")).st_ino, status_of(object_path(digest)).st_ino);
  EXPECT_EQ(status_of(outside("run")).st_ino, status_of(outside("run2")).st_ino);
  EXPECT_EQ(status_of(outside("run")).st_ino, status_of(twin_path(digest)).st_ino);
  EXPECT_EQ(base::read_file(outside("run")), "#!/bin/sh\n");
}

TEST_F(LocalStoreTest, writing_in_place_into_a_copy_does_not_change_the_store) {
  const auto store = open();
  for (const std::string& bytes : {pattern(100), kLarge}) {
    const Digest digest = store->put(bytes).value();
    const std::string path = outside("copy" + std::to_string(bytes.size()));
    ASSERT_TRUE(store->place(digest, false, path, Placing::Copy).value());
    EXPECT_EQ(base::read_file(path), bytes);
    EXPECT_NE(status_of(path).st_ino, status_of(object_path(digest)).st_ino);
    flip_a_bit(path, Times::Moved);
    EXPECT_EQ(store->get(digest).value(), bytes);
  }
}

TEST_F(LocalStoreTest, a_copy_has_the_modes_of_a_new_file) {
  const auto store = open();
  const Digest digest = store->put(kLarge).value();
  const mode_t umask_before = ::umask(0027);
  ASSERT_TRUE(store->place(digest, false, outside("plain"), Placing::Copy).value());
  ASSERT_TRUE(store->place(digest, true, outside("run"), Placing::Copy).value());
  ::umask(umask_before);
  EXPECT_EQ(mode_of(outside("plain")), 0640U);
  EXPECT_EQ(mode_of(outside("run")), 0750U);
}

TEST_F(LocalStoreTest, targets_may_have_any_bytes_in_their_names) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  for (const std::string name : {"with space", "new\nline", "\xFF\xFE", "-rf", "'\"\\", "%s"}) {
    EXPECT_TRUE(store->place(digest, false, outside(name + "1"), Placing::Copy).value()) << name;
    EXPECT_TRUE(store->place(digest, false, outside(name + "2"), Placing::HardLink).value()) << name;
    EXPECT_EQ(base::read_file(outside(name + "1")), "x");
  }
}

TEST_F(LocalStoreTest, a_store_may_lie_at_a_path_of_any_bytes) {
  const std::string strange = outside("a b\n\xFF'?#%41");
  const auto store = LocalStore::open(strange, clock_, warn()).value();
  const auto records = LocalRecords::open(strange, clock_, warn()).value();
  const Digest digest = store->put("x").value();
  ASSERT_TRUE(records->record("memo", digest, "v"));
  EXPECT_EQ(records->find("memo", digest).value(), "v");
  EXPECT_EQ(::access((strange + "/records.sqlite").c_str(), F_OK), 0);
}

TEST_F(LocalStoreTest, a_target_that_is_there_is_not_touched) {
  const auto store = open();
  const Digest digest = store->put("new").value();
  base::write_file_atomically(outside("f"), "old");
  for (const Placing placing : {Placing::Copy, Placing::HardLink}) {
    const auto placed = store->place(digest, false, outside("f"), placing);
    ASSERT_FALSE(placed);
    EXPECT_NE(placed.error().message.find(outside("f")), std::string::npos) << placed.error().message;
    EXPECT_EQ(base::read_file(outside("f")), "old");
  }
}

TEST_F(LocalStoreTest, a_target_in_no_directory_is_an_error_that_names_it) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  for (const Placing placing : {Placing::Copy, Placing::HardLink}) {
    const auto placed = store->place(digest, false, outside("none/f"), placing);
    ASSERT_FALSE(placed);
    EXPECT_NE(placed.error().message.find("none/f"), std::string::npos) << placed.error().message;
  }
}

TEST_F(LocalStoreTest, a_hard_link_to_another_file_system_becomes_a_copy_of_the_same_mode) {
  struct stat here = status_of(folder_.path());

  struct stat there {};

  if (::stat("/dev/shm", &there) != 0 || there.st_dev == here.st_dev || ::access("/dev/shm", W_OK) != 0) {
    ASSERT_EQ(::getenv("CI"), nullptr) << "continuous integration must have a second file system in /dev/shm";
    GTEST_SKIP() << "no second file system that can be written to in /dev/shm";
  }
  const base::TemporaryDirectory elsewhere("/dev/shm");
  const auto store = open();
  for (const std::string& bytes : {pattern(10), kLarge}) {
    const Digest digest = store->put(bytes).value();
    const std::string path = elsewhere.path() + "/" + digest.hex();
    ASSERT_TRUE(store->place(digest, true, path, Placing::HardLink).value());
    EXPECT_EQ(base::read_file(path), bytes);
    EXPECT_EQ(mode_of(path), 0555U);
  }
}

TEST_F(LocalStoreTest, a_flipped_bit_is_found_quarantined_and_healed_by_the_next_put) {
  for (const std::string& bytes : {pattern(4096), kLarge}) {
    const Digest digest = open()->put(bytes).value();
    for (const bool executable : {false, true}) {
      for (const Placing placing : {Placing::Copy, Placing::HardLink}) {
        flip_a_bit(object_path(digest), Times::Kept);
        const auto store = open();
        EXPECT_EQ(store->place(digest, executable, outside("f"), placing).value(), false);
        EXPECT_EQ(::access(outside("f").c_str(), F_OK), -1);
        EXPECT_EQ(::access(object_path(digest).c_str(), F_OK), -1);
        ASSERT_EQ(store->put(bytes).value(), digest);
      }
    }
    flip_a_bit(object_path(digest), Times::Kept);
    EXPECT_EQ(open()->get(digest).value(), std::nullopt);
    EXPECT_EQ(open()->put(bytes).value(), digest);
    EXPECT_EQ(open()->get(digest).value(), bytes);
  }
  EXPECT_EQ(names_in(Layout{path()}.quarantine()).size(), 10U);
  ASSERT_EQ(warnings_.size(), 10U);
  EXPECT_NE(warnings_[0].find("quarantine/"), std::string::npos) << warnings_[0];
}

TEST_F(LocalStoreTest, putting_what_is_held_but_damaged_stores_it_anew) {
  const Digest digest = open()->put(kLarge).value();
  flip_a_bit(object_path(digest), Times::Kept);
  const auto store = open();
  EXPECT_EQ(store->put(kLarge).value(), digest);
  EXPECT_EQ(store->get(digest).value(), kLarge);
}

TEST_F(LocalStoreTest, a_short_object_as_a_loss_of_power_leaves_it_is_not_held) {
  const Digest digest = open()->put(kLarge).value();
  for (const off_t size : {off_t{0}, off_t{4096}}) {
    ::chmod(object_path(digest).c_str(), 0600);
    ASSERT_EQ(::truncate(object_path(digest).c_str(), size), 0);
    const auto store = open();
    EXPECT_EQ(store->missing(std::vector{digest}).value(), std::vector{digest});
    EXPECT_EQ(store->place(digest, false, outside("f"), Placing::HardLink).value(), false);
    EXPECT_EQ(store->put(kLarge).value(), digest);
  }
}

TEST_F(LocalStoreTest, writing_through_a_hard_link_is_noticed_by_the_process_that_had_checked_the_object) {
  const auto store = open();
  for (const std::string& bytes : {pattern(100), kLarge}) {
    for (const bool executable : {false, true}) {
      const Digest digest = store->put(bytes).value();
      const std::string link = outside(digest.hex() + std::to_string(static_cast<int>(executable)));
      ASSERT_TRUE(store->place(digest, executable, link, Placing::HardLink).value());
      flip_a_bit(link, Times::Moved);
      const auto placed = store->place(digest, executable, link + "b", Placing::HardLink);
      // A damaged twin is made again from its object; a damaged object can't be.
      ASSERT_EQ(placed.value(), executable);
      if (executable) {
        EXPECT_EQ(base::read_file(link + "b"), bytes);
      }
    }
  }
}

TEST_F(LocalStoreTest, an_object_touched_through_a_hard_link_gets_an_inode_of_its_own) {
  const auto store = open();
  const Digest digest = store->put(kLarge).value();
  ASSERT_TRUE(store->place(digest, false, outside("a"), Placing::HardLink).value());
  ::chmod(outside("a").c_str(), 0666);
  ::utimensat(AT_FDCWD, outside("a").c_str(), nullptr, 0);
  ASSERT_TRUE(store->place(digest, false, outside("b"), Placing::HardLink).value());
  EXPECT_EQ(base::read_file(outside("b")), kLarge);
  EXPECT_NE(status_of(outside("b")).st_ino, status_of(outside("a")).st_ino);
  EXPECT_EQ(mode_of(outside("b")), 0444U);
}

TEST_F(LocalStoreTest, a_mode_changed_through_a_hard_link_is_mended) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  ASSERT_TRUE(store->place(digest, false, outside("a"), Placing::HardLink).value());
  ::chmod(outside("a").c_str(), 0666);
  ASSERT_TRUE(store->place(digest, false, outside("b"), Placing::HardLink).value());
  EXPECT_EQ(mode_of(outside("b")), 0444U);
}

TEST_F(LocalStoreTest, a_symlink_or_directory_in_an_objects_place_is_no_object) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  base::write_file_atomically(outside("x"), "x");
  ::unlink(object_path(digest).c_str());
  ASSERT_EQ(::symlink(outside("x").c_str(), object_path(digest).c_str()), 0);
  EXPECT_EQ(store->get(digest).value(), std::nullopt);
  EXPECT_EQ(store->missing(std::vector{digest}).value(), std::vector{digest});
  EXPECT_EQ(store->put("x").value(), digest);
  EXPECT_TRUE(S_ISREG(status_of(object_path(digest)).st_mode));

  ::unlink(object_path(digest).c_str());
  ASSERT_EQ(::mkdir(object_path(digest).c_str(), 0700), 0);
  EXPECT_EQ(store->place(digest, false, outside("f"), Placing::HardLink).value(), false);
  EXPECT_EQ(store->put("x").value(), digest);
  EXPECT_EQ(store->get(digest).value(), "x");
}

TEST_F(LocalStoreTest, an_object_that_somebody_removed_is_written_again) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  base::remove_tree(Layout{path()}.objects() + "/" + digest.hex().substr(0, 2));
  EXPECT_EQ(store->missing(std::vector{digest}).value(), std::vector{digest});
  EXPECT_EQ(store->put("x").value(), digest);
  EXPECT_EQ(store->get(digest).value(), "x");
}

TEST_F(LocalStoreTest, every_object_has_the_same_mtime_so_that_containers_look_the_same) {
  const auto store = open();
  const Digest digest = store->put("x").value();
  ASSERT_TRUE(store->place(digest, true, outside("a"), Placing::HardLink).value());
  EXPECT_EQ(status_of(outside("a")).st_mtim.tv_sec, kObjectMtimeSeconds);
  EXPECT_EQ(status_of(object_path(digest)).st_mtim.tv_sec, kObjectMtimeSeconds);
}

TEST_F(LocalStoreTest, the_layout_on_disk_is_that_of_version_1) {
  const auto store = open();
  const Digest digest = store->put("gg\n").value();
  ASSERT_TRUE(store->place(digest, true, outside("a"), Placing::HardLink).value());
  EXPECT_EQ(base::read_file(path() + "/VERSION"), "gg store 1\n");
  const std::string hex = digest.hex();
  EXPECT_EQ(base::read_file(path() + "/objects/" + hex.substr(0, 2) + "/" + hex), "gg\n");
  EXPECT_EQ(base::read_file(path() + "/exec/" + hex.substr(0, 2) + "/" + hex), "gg\n");
  EXPECT_EQ(names_in(path()),
            (std::vector<std::string>{"VERSION", "exec", "objects", "packs", "quarantine", "tmp"}));
}

}  // namespace
}  // namespace storage
