#include "storage/local/pack.hh"

#include "storage/local/batch.hh"
#include "storage/local/fsck.hh"
#include "storage/local/gc.hh"
#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

namespace storage {
namespace {

using object::Digest;
using std::chrono::hours;

constexpr unsigned kMany = 5000;

std::string text(unsigned number) {
  return "object " + std::to_string(number);
}

class PackTest : public StoreTest {
 protected:
  void put_many(unsigned count = kMany) {
    const auto store = open();
    Batch batch(*store);
    for (unsigned i = 0; i < count; ++i) {
      ASSERT_TRUE(batch.put(text(i)));
    }
    ASSERT_TRUE(batch.flush());
  }

  [[nodiscard]] std::vector<std::string> packs() const {
    std::vector<std::string> paths;
    for (const std::string& name : names_in(Layout{path()}.packs())) {
      paths.push_back(Layout{path()}.packs() + "/" + name);
    }
    return paths;
  }
};

TEST_F(PackTest, many_small_objects_become_one_file_and_are_read_back) {
  put_many();
  ASSERT_EQ(packs().size(), 1U);
  const auto store = open();
  for (unsigned i = 0; i < kMany; ++i) {
    ASSERT_EQ(store->get(object::hash(text(i))).value(), text(i));
  }
  EXPECT_EQ(store->get(object::hash("another")).value(), std::nullopt);
  const std::vector<Digest> asked{object::hash(text(7)), object::hash("another")};
  EXPECT_EQ(store->missing(asked).value(), std::vector{object::hash("another")});
  EXPECT_EQ(status_of(packs()[0]).st_mode & 07777U, 0444U);
}

TEST_F(PackTest, few_objects_are_files_of_their_own) {
  put_many(5);
  EXPECT_TRUE(packs().empty());
  EXPECT_EQ(::access(object_path(object::hash(text(3))).c_str(), F_OK), 0);
}

TEST_F(PackTest, what_is_held_already_is_not_written_again) {
  put_many();
  put_many();
  EXPECT_EQ(packs().size(), 1U);
  const auto store = open();
  EXPECT_EQ(store->put(text(1)).value(), object::hash(text(1)));
  EXPECT_NE(::access(object_path(object::hash(text(1))).c_str(), F_OK), 0);
}

TEST_F(PackTest, a_store_that_is_open_sees_packs_that_come_later) {
  const auto store = open();
  EXPECT_EQ(store->get(object::hash(text(1))).value(), std::nullopt);
  put_many();
  EXPECT_EQ(store->get(object::hash(text(1))).value(), text(1));
  EXPECT_EQ(open(Access::ReadOnly)->get(object::hash(text(2))).value(), text(2));
}

TEST_F(PackTest, a_batch_holds_what_is_not_flushed_yet) {
  const auto store = open();
  Batch batch(*store);
  const Digest digest = batch.put("one").value();
  EXPECT_EQ(batch.get(digest).value(), "one");
  EXPECT_TRUE(batch.missing({&digest, 1}).value().empty());
  EXPECT_EQ(store->missing({&digest, 1}).value().size(), 1U);
  ASSERT_TRUE(batch.flush());
  EXPECT_TRUE(store->missing({&digest, 1}).value().empty());
}

TEST_F(PackTest, an_object_of_a_pack_can_be_placed) {
  using Placing = object::FileStore::Placing;
  put_many();
  const auto store = open();
  EXPECT_TRUE(store->place(object::hash(text(1)), false, outside("copy"), Placing::Copy).value());
  EXPECT_TRUE(store->place(object::hash(text(2)), true, outside("link"), Placing::HardLink).value());
  EXPECT_EQ(base::read_file(outside("copy")), text(1));
  EXPECT_EQ(base::read_file(outside("link")), text(2));
  EXPECT_EQ(mode_of(outside("link")), 0555U);
}

TEST_F(PackTest, a_damaged_object_is_not_held_and_the_others_are) {
  put_many();
  std::string bytes = base::read_file(packs()[0]);
  bytes[bytes.find(text(4242))] ^= 1;
  ::chmod(packs()[0].c_str(), 0644);
  base::write_file_atomically(packs()[0], bytes, 0444);
  const auto store = open();
  EXPECT_EQ(store->get(object::hash(text(4242))).value(), std::nullopt);
  EXPECT_EQ(store->get(object::hash(text(4243))).value(), text(4243));
  EXPECT_EQ(store->put(text(4242)).value(), object::hash(text(4242)));
  EXPECT_EQ(store->get(object::hash(text(4242))).value(), text(4242));
}

TEST_F(PackTest, fsck_finds_damage_and_saves_what_is_sound) {
  put_many();
  const std::string pack = packs()[0];
  std::string bytes = base::read_file(pack);
  bytes[bytes.find(text(4242))] ^= 1;
  base::write_file_atomically(pack, bytes, 0444);
  EXPECT_EQ(check_store(*open(), *open_records(), Repair::No)->damaged, std::vector{pack});
  EXPECT_EQ(check_store(*open(), *open_records(), Repair::Yes)->damaged, std::vector{pack});
  const auto after = check_store(*open(), *open_records(), Repair::No);
  EXPECT_TRUE(after->is_sound());
  EXPECT_EQ(after->objects, kMany - 1);
  EXPECT_EQ(open()->get(object::hash(text(4243))).value(), text(4243));
}

// After a loss of power; and whatever else may stand there.
TEST_F(PackTest, garbage_in_place_of_a_pack_is_no_pack) {
  put_many();
  const std::string pack = packs()[0];
  const std::string sound = base::read_file(pack);
  std::vector<std::string> damaged{"", std::string(sound.size(), '\0'), sound.substr(0, sound.size() / 2),
                                   sound.substr(0, sound.size() - 1), sound.substr(1)};
  for (const size_t from_end : {1U, 3U, 8U, 9U, 16U}) {
    damaged.push_back(sound);
    damaged.back()[sound.size() - from_end] ^= 0x40;
  }
  for (const std::string& bytes : damaged) {
    base::write_file_atomically(pack, bytes, 0444);
    const auto found = open()->get(object::hash(text(1)));
    ASSERT_TRUE(found);
    EXPECT_TRUE(*found == std::nullopt || *found == text(1));
    EXPECT_FALSE(check_store(*open(), *open_records(), Repair::No)->is_sound());
  }
  EXPECT_FALSE(check_store(*open(), *open_records(), Repair::Yes)->is_sound());
  EXPECT_TRUE(check_store(*open(), *open_records(), Repair::No)->is_sound());
}

TEST_F(PackTest, gc_removes_packs_that_nobody_used) {
  const base::Nanoseconds now = clock_.now;
  clock_.now -= hours(9);
  put_many();
  clock_.now = now;
  const GcReport report = collect_garbage(*open(), *open_records(), 0, clock_).value();
  EXPECT_EQ(report.objects, kMany);
  EXPECT_EQ(report.removed_objects, kMany);
  EXPECT_TRUE(packs().empty());
}

TEST_F(PackTest, gc_keeps_a_pack_that_a_live_session_has_used) {
  const base::Nanoseconds now = clock_.now;
  clock_.now -= hours(9);
  put_many();
  clock_.now = now;
  const auto user = open();
  EXPECT_EQ(user->get(object::hash(text(1))).value(), text(1));
  const GcReport report = collect_garbage(*open(), *open_records(), 0, clock_).value();
  EXPECT_EQ(report.in_use_objects, kMany);
  EXPECT_EQ(open()->get(object::hash(text(2))).value(), text(2));
}

TEST_F(PackTest, a_pack_that_was_collected_is_not_held_by_those_who_have_it_open) {
  const base::Nanoseconds now = clock_.now;
  clock_.now -= hours(9);
  put_many();
  clock_.now = now;
  const auto reader = open();
  EXPECT_EQ(reader->get(object::hash(text(1))).value(), text(1));
  ASSERT_EQ(::unlink(packs()[0].c_str()), 0);
  EXPECT_EQ(reader->get(object::hash(text(1))).value(), std::nullopt);
  EXPECT_EQ(reader->missing(std::vector{object::hash(text(2))})->size(), 1U);
}

}  // namespace
}  // namespace storage
