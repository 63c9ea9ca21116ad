#include "storage/local/fsck.hh"

#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

namespace storage {
namespace {

using object::Digest;
using Placing = object::FileStore::Placing;

class FsckTest : public StoreTest {
 protected:
  FsckReport check(Repair repair) { return check_store(*open(), *open_records(), repair).value(); }
};

TEST_F(FsckTest, a_sound_store_passes_with_its_counts) {
  {
    const auto store = open();
    const Digest digest = store->put("abc").value();
    ASSERT_TRUE(store->put("defg"));
    ASSERT_TRUE(store->place(digest, true, outside("twin"), Placing::HardLink).value());
    ASSERT_TRUE(open_records()->record("memo", digest, "v"));
  }
  const FsckReport report = check(Repair::No);
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.objects, 3U);
  EXPECT_EQ(report.bytes, 10U);
  EXPECT_EQ(report.records.records, 1U);
  EXPECT_TRUE(report.strangers.empty());
  EXPECT_TRUE(report.temporaries.empty());
}

TEST_F(FsckTest, a_flipped_bit_in_an_object_or_its_twin_is_named_and_quarantined) {
  const Digest plain = open()->put("plain").value();
  const Digest twin = open()->put("twin").value();
  ASSERT_TRUE(open()->place(twin, true, outside("twin"), Placing::HardLink).value());
  flip_a_bit(object_path(plain), Times::Kept);
  flip_a_bit(twin_path(twin), Times::Kept);

  const std::vector<std::string> both{object_path(plain), twin_path(twin)};
  EXPECT_EQ(check(Repair::No).damaged, both);
  EXPECT_EQ(check(Repair::Yes).damaged, both) << "a report must not have repaired anything";
  EXPECT_TRUE(check(Repair::No).is_sound());
  EXPECT_EQ(names_in(Layout{path()}.quarantine()).size(), 2U);
  EXPECT_EQ(open()->get(twin).value(), "twin");
  EXPECT_EQ(open()->get(plain).value(), std::nullopt);
}

TEST_F(FsckTest, strangers_are_reported_and_left_alone) {
  (void)open();
  const std::string objects = Layout{path()}.objects();
  base::make_directories(objects + "/ab");
  base::write_file_atomically(objects + "/ab/notes", "n");
  ASSERT_EQ(::symlink("/", (objects + "/cd").c_str()), 0);
  const FsckReport report = check(Repair::Yes);
  EXPECT_EQ(report.strangers, (std::vector<std::string>{objects + "/ab/notes", objects + "/cd"}));
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(base::read_file(objects + "/ab/notes"), "n");
}

TEST_F(FsckTest, temporaries_of_the_dead_are_reported_and_on_repair_removed) {
  (void)open();
  const std::string stray = Layout{path()}.temporaries() + "/00000000000000000001-1-0.0";
  base::write_file_atomically(stray, "half");
  EXPECT_EQ(check(Repair::No).temporaries, std::vector{stray});
  EXPECT_EQ(check(Repair::Yes).temporaries, std::vector{stray});
  EXPECT_TRUE(check(Repair::No).temporaries.empty());
}

TEST_F(FsckTest, a_damaged_database_is_found_and_on_repair_begun_anew) {
  {
    const auto records = open_records();
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(records->record("memo", object::hash(std::to_string(i)), std::string(100, 'v')));
    }
  }
  {
    const std::string database = Layout{path()}.records();
    const base::UniqueFd fd(::open(database.c_str(), O_WRONLY | O_CLOEXEC));
    ::lseek(fd.get(), 40 * 4096, SEEK_SET);
    base::write_all(fd.get(), std::string(4096, '\x55'), database);
  }
  EXPECT_FALSE(check(Repair::No).is_sound());
  EXPECT_FALSE(check(Repair::Yes).records.problem.empty());
  EXPECT_TRUE(check(Repair::No).is_sound());
}

TEST_F(FsckTest, a_check_makes_no_object_younger) {
  const Digest digest = open()->put("x").value();
  const timespec old[2] = {{1'600'000'000, 0}, {0, UTIME_OMIT}};
  ::utimensat(AT_FDCWD, object_path(digest).c_str(), old, 0);
  (void)check(Repair::No);
  EXPECT_EQ(status_of(object_path(digest)).st_atim.tv_sec, 1'600'000'000);
}

}  // namespace
}  // namespace storage
