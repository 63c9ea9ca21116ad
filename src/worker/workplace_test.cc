#include "worker/workplace.hh"

#include "base/files.hh"
#include "object/hash.hh"
#include "storage/local/layout.hh"

#include <gtest/gtest.h>

#include <unistd.h>

namespace worker {
namespace {

class WorkplaceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Workplace> open(uint64_t cache_bytes, unsigned jobs) {
    auto place = Workplace::open({folder_.path() + "/place", cache_bytes, jobs}, [](const std::string&) {});
    EXPECT_TRUE(place) << place.error().message;
    return std::move(*place);
  }

  // Without looking into the store, which would count as a use.
  [[nodiscard]] bool is_there(const object::Digest& digest) const {
    const storage::Layout layout{folder_.path() + "/place/objects"};
    return ::access(layout.object(digest).c_str(), F_OK) == 0;
  }

  // What was used within the clock's last tick stays, so it may take a few times.
  bool goes(Workplace& place, const object::Digest& digest, const std::function<void()>& make_room) {
    for (int i = 0; i < 100 && is_there(digest); ++i) {
      make_room();
      EXPECT_TRUE(place.take().value());
    }
    return !is_there(digest);
  }

  base::TemporaryDirectory folder_;
};

TEST_F(WorkplaceTest, has_a_seat_for_each_job_and_no_more) {
  const auto place = open(1U << 20U, 2);
  auto first = place->take().value();
  const auto second = place->take().value();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(place->take().value());
  first.reset();
  EXPECT_TRUE(place->take().value());
}

TEST_F(WorkplaceTest, a_cache_over_its_budget_is_brought_down_while_nobody_sits) {
  const auto place = open(100'000, 1);
  const std::string large(80'000, 'x');
  object::Digest digest;
  {
    const auto lease = place->take().value();
    digest = lease->store().put(large).value();
    place->grown(large.size());
  }
  EXPECT_TRUE(place->take().value());
  EXPECT_TRUE(is_there(digest)) << "it fits";
  EXPECT_TRUE(goes(*place, digest, [&] { place->grown(2 * large.size()); }));
}

TEST_F(WorkplaceTest, a_full_disk_is_emptied_of_all_that_can_be_fetched_again) {
  const auto place = open(1U << 30U, 1);
  const object::Digest digest = place->take().value()->store().put("bytes").value();
  EXPECT_TRUE(goes(*place, digest, [&] { ASSERT_TRUE(place->make_room()); }));
}

TEST_F(WorkplaceTest, what_an_earlier_program_left_is_there_and_counts) {
  const std::string large(80'000, 'x');
  const object::Digest digest = open(1U << 30U, 1)->take().value()->store().put(large).value();
  EXPECT_TRUE(open(1U << 30U, 1) && is_there(digest));
  const auto small = open(10'000, 1);
  EXPECT_TRUE(goes(*small, digest, [] {}));
}

}  // namespace
}  // namespace worker
