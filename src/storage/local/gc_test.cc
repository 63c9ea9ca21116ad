#include "storage/local/gc.hh"

#include "storage/local/test_store.hh"
#include "storage/local/walk.hh"

#include <sys/file.h>

#include <map>
#include <thread>
#include <utility>

namespace storage {
namespace {

using object::Digest;
using Placing = object::FileStore::Placing;
using std::chrono::hours;

constexpr uint64_t kBlock = 4096;

class GcTest : public StoreTest {
 protected:
  // One block each; put `age` before now by a process that is gone.
  Digest put_aged(const std::string& bytes, base::Nanoseconds age) {
    const base::Nanoseconds now = clock_.now;
    clock_.now -= age;
    const Digest digest = open()->put(bytes).value();
    clock_.now = now;
    return digest;
  }

  GcReport collect(uint64_t target) {
    return collect_garbage(*open(), *open_records(), target, clock_).value();
  }

  [[nodiscard]] bool holds(const Digest& digest) const {
    return ::access(object_path(digest).c_str(), F_OK) == 0;
  }
};

TEST_F(GcTest, to_a_size_removes_the_least_recently_used_and_keeps_the_rest) {
  const Digest oldest = put_aged("a", hours(3));
  const Digest old = put_aged("b", hours(2));
  const Digest young = put_aged("c", hours(1));
  const GcReport report = collect(2 * kBlock);
  EXPECT_EQ(report.objects, 3U);
  EXPECT_EQ(report.removed_objects, 1U);
  EXPECT_EQ(report.kept_bytes(), 2 * kBlock);
  EXPECT_FALSE(holds(oldest));
  EXPECT_TRUE(holds(old));
  EXPECT_TRUE(holds(young));
}

TEST_F(GcTest, every_way_of_using_an_object_makes_it_young) {
  enum Way { Get, Put, Missing, Copy, Link, Twin, kWays };

  std::map<int, Digest> used;
  for (int way = 0; way < kWays; ++way) {
    used[way] = put_aged("used " + std::to_string(way), hours(9));
  }
  const Digest unused = put_aged("unused", hours(5));
  {
    const auto store = open();
    EXPECT_TRUE(store->get(used[Get]).value());
    EXPECT_TRUE(store->put("used 1"));
    EXPECT_TRUE(store->missing(std::vector{used[Missing]}).value().empty());
    EXPECT_TRUE(store->place(used[Copy], false, outside("copy"), Placing::Copy).value());
    EXPECT_TRUE(store->place(used[Link], false, outside("link"), Placing::HardLink).value());
    EXPECT_TRUE(store->place(used[Twin], true, outside("twin"), Placing::HardLink).value());
  }
  clock_.now += hours(1);
  (void)collect((kWays + 1) * kBlock);  // a twin is a block of its own
  EXPECT_FALSE(holds(unused));
  for (const auto& [way, digest] : used) {
    EXPECT_TRUE(holds(digest)) << "way " << way;
  }
}

TEST_F(GcTest, what_a_live_process_has_used_since_it_began_stays_whatever_the_size) {
  const Digest unused = put_aged("unused", hours(9));
  const Digest used = put_aged("used", hours(9));
  const auto live = open();
  const Digest fresh = live->put("fresh").value();
  ASSERT_TRUE(live->missing(std::vector{used}).value().empty());
  clock_.now += hours(2);
  const GcReport report = collect(0);
  EXPECT_FALSE(holds(unused));
  EXPECT_TRUE(holds(used));
  EXPECT_TRUE(holds(fresh));
  EXPECT_EQ(report.in_use_objects, 2U);
}

TEST_F(GcTest, a_process_that_lives_for_days_does_not_keep_what_it_used_days_ago) {
  const auto live = open();
  const Digest digest = live->put("x").value();
  clock_.now += hours(25);
  (void)collect(0);
  EXPECT_FALSE(holds(digest));
}

TEST_F(GcTest, an_executable_twin_goes_with_its_object_and_counts) {
  {
    const auto store = open();
    const Digest digest = store->put("x").value();
    ASSERT_TRUE(store->place(digest, true, outside("x"), Placing::HardLink).value());
  }
  clock_.now += hours(1);
  const GcReport report = collect(0);
  EXPECT_EQ(report.objects, 1U);
  EXPECT_EQ(report.removed_bytes, 2 * kBlock);
  EXPECT_FALSE(holds(object::hash("x")));
  EXPECT_EQ(::access(twin_path(object::hash("x")).c_str(), F_OK), -1);
  EXPECT_EQ(base::read_file(outside("x")), "x") << "what was placed stays";
}

TEST_F(GcTest, an_object_that_is_collected_is_not_held_and_can_be_put_again) {
  const auto live = open();
  const Digest digest = live->put("x").value();
  clock_.now += hours(25);
  (void)collect(0);
  EXPECT_EQ(live->get(digest).value(), std::nullopt);
  EXPECT_EQ(live->put("x").value(), digest);
  EXPECT_EQ(live->get(digest).value(), "x");
}

TEST_F(GcTest, records_older_than_the_removed_objects_are_forgotten_and_younger_ones_kept) {
  const base::Nanoseconds now = clock_.now;
  clock_.now = now - hours(9);
  ASSERT_TRUE(open_records()->record("memo", object::hash("old"), "v"));
  clock_.now = now - hours(1);
  ASSERT_TRUE(open_records()->record("memo", object::hash("young"), "v"));
  clock_.now = now;
  (void)put_aged("a", hours(5));
  (void)put_aged("b", hours(1));
  EXPECT_EQ(collect(kBlock).removed_records, 1U);
  EXPECT_EQ(open_records()->find("memo", object::hash("old")).value(), std::nullopt);
  EXPECT_EQ(open_records()->find("memo", object::hash("young")).value(), "v");
}

TEST_F(GcTest, a_store_under_its_size_loses_only_temporaries_of_the_dead) {
  const Digest digest = put_aged("x", hours(9));
  const std::string stray = Layout{path()}.temporaries() + "/00000000000000000001-1-0.0";
  base::write_file_atomically(stray, "half");
  const GcReport report = collect(1'000'000);
  EXPECT_EQ(report.removed_temporaries, 1U);
  EXPECT_EQ(report.removed_objects, 0U);
  EXPECT_TRUE(holds(digest));
  EXPECT_EQ(::access(stray.c_str(), F_OK), -1);
}

TEST_F(GcTest, quarantine_goes_before_any_object) {
  const Digest digest = put_aged("x", hours(9));
  base::write_file_atomically(Layout{path()}.quarantine() + "/damaged", "y");
  (void)collect(kBlock);
  EXPECT_TRUE(holds(digest));
  EXPECT_TRUE(names_in(Layout{path()}.quarantine()).empty());
}

TEST_F(GcTest, follows_no_symlink_and_removes_nothing_that_is_no_object) {
  const Digest digest = put_aged("x", hours(9));
  const std::string hex = digest.hex();
  base::make_directories(outside("mine/" + hex.substr(0, 2)));
  base::write_file_atomically(outside("mine/precious"), "p");
  const std::string named_like_one = outside("mine/" + hex);
  base::write_file_atomically(named_like_one, "p");
  const std::string objects = Layout{path()}.objects();
  base::remove_tree(objects + "/" + hex.substr(0, 2));
  ASSERT_EQ(::symlink(outside("mine").c_str(), (objects + "/" + hex.substr(0, 2)).c_str()), 0);
  base::make_directories(objects + "/zz");
  base::write_file_atomically(objects + "/zz/notes.txt", "n");
  clock_.now += hours(25);
  EXPECT_EQ(collect(0).objects, 0U);
  EXPECT_EQ(base::read_file(named_like_one), "p");
  EXPECT_EQ(base::read_file(objects + "/zz/notes.txt"), "n");
}

TEST_F(GcTest, a_second_one_at_the_same_time_is_told_to_wait) {
  const auto store = open();
  const auto records = open_records();
  const base::UniqueFd held(::open(Layout{path()}.gc_lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const auto report = collect_garbage(*store, *records, 0, clock_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, base::FailureKind::RetryHere);
}

// Does something of the test's when it is asked for the time: the stores and gc ask in well-known moments.
class HookedClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return now; }

  [[nodiscard]] base::Nanoseconds wall() const override {
    if (hook) {
      std::exchange(hook, {})();
    }
    return now;
  }

  base::Nanoseconds now = base::SystemClock().wall();
  mutable std::function<void()> hook;
};

TEST_F(GcTest, an_object_collected_between_a_puts_look_and_its_mark_of_use_is_written_anew) {
  HookedClock clock;
  clock.now = clock_.now;
  const auto store = LocalStore::open(path(), clock, warn()).value();
  const Digest digest = store->put("x").value();
  clock_.now += hours(25);  // so that the session does not protect it
  clock.now = clock_.now;
  bool collected = false;
  clock.hook = [&] { collected = collect(0).removed_objects == 1; };
  EXPECT_EQ(store->put("x").value(), digest);
  EXPECT_TRUE(collected);
  EXPECT_TRUE(holds(digest));
}

TEST_F(GcTest, objects_put_while_a_collection_is_under_way_are_there_afterwards) {
  std::vector<std::string> contents;
  for (int i = 0; i < 300; ++i) {
    contents.push_back("object " + std::to_string(i));
  }
  std::vector<Digest> names;
  {
    HeldClock past;
    past.now -= hours(48);
    const auto store = LocalStore::open(path(), past, warn()).value();
    for (const std::string& bytes : contents) {
      names.push_back(store->put(bytes).value());
    }
  }
  const auto putting = open();
  const auto collecting = open();
  const auto records = open_records();
  HookedClock clock;  // asked once gc has begun: from then on the two race, object by object
  clock.now = clock_.now;
  std::thread putter;
  clock.hook = [&] {
    putter = std::thread([&] {
      for (const std::string& bytes : contents) {
        EXPECT_TRUE(putting->put(bytes));
      }
    });
  };
  const auto report = collect_garbage(*collecting, *records, 0, clock);
  putter.join();
  EXPECT_TRUE(report);
  EXPECT_EQ(putting->missing(names).value(), std::vector<Digest>());
}

}  // namespace
}  // namespace storage
