#include "object/hash.hh"
#include "object/memory_store.hh"
#include "storage/s3/lent_packs.hh"
#include "storage/s3/s3_store.hh"
#include "storage/s3/test_bucket.hh"

#include <gtest/gtest.h>

namespace storage {
namespace {

using Digests = std::vector<object::Digest>;
using std::chrono::seconds;

// One who has credentials and lends, and one who has none. That the URLs are believed by a real server is
// seen in tests/e2e/test_worker.py.
class LendingTest : public ::testing::Test {
 protected:
  Digests hold(int count) {
    Digests digests;
    for (int i = 0; i < count; ++i) {
      digests.push_back(here_.put("object " + std::to_string(i)).value());
    }
    EXPECT_EQ(store_.send(digests, here_, {}).value(), Digests());
    return digests;
  }

  Digests fetch(const std::vector<object::LentPack>& packs, const Digests& digests, object::Store& into) {
    LentPacks lent(http_, indexes_, packs);
    EXPECT_TRUE(lent.open({}));
    Flights flights;
    return PackReader(lent, lent, flights, {}).fetch(digests, into, PackReader::ReadAhead::Yes, {}).value();
  }

  TestBucket bucket_;
  BucketCalls calls_ = bucket_.calls(1U << 20U);
  S3Store store_{calls_, bucket_.clock(), {}};
  object::MemoryStore here_;
  net::HttpClient http_{net::HttpClient::Options{}};
  PackIndexes indexes_;
};

TEST_F(LendingTest, what_is_lent_can_be_read_without_credentials) {
  const Digests digests = hold(100);
  const auto packs = store_.lend(digests, seconds(60), {});
  ASSERT_TRUE(packs) << packs.error().message;
  ASSERT_EQ(packs->size(), 1U);
  EXPECT_TRUE(packs->front().objects.empty()) << "so many are looked up in the pack's own index";
  object::MemoryStore there;
  EXPECT_EQ(fetch(*packs, digests, there), Digests());
  EXPECT_TRUE(there.missing(digests)->empty());
  for (const auto& request : bucket_.requests()) {
    const bool is_lent = request.target.find("X-Amz-Signature=") != std::string::npos;
    EXPECT_NE(is_lent, request.headers.count("authorization") != 0) << request.target;
  }
}

TEST_F(LendingTest, few_objects_are_named_so_that_no_index_is_read) {
  const Digests digests = hold(100);
  const Digests few{digests[3], digests[70]};
  const auto packs = store_.lend(few, seconds(60), {});
  ASSERT_TRUE(packs && packs->size() == 1U);
  EXPECT_EQ(packs->front().objects.size(), 2U);
  const size_t before = bucket_.requests().size();
  object::MemoryStore there;
  EXPECT_EQ(fetch(*packs, few, there), Digests());
  EXPECT_EQ(bucket_.requests().size(), before + 1);
}

TEST_F(LendingTest, an_index_is_read_once_and_a_url_signed_once) {
  const Digests digests = hold(100);
  const auto packs = store_.lend(digests, seconds(60), {});
  EXPECT_EQ(*store_.lend(digests, seconds(60), {}), *packs);
  object::MemoryStore there;
  static_cast<void>(fetch(*packs, digests, there));
  const size_t before = bucket_.requests().size();
  EXPECT_EQ(fetch(*packs, digests, there), Digests());
  EXPECT_EQ(bucket_.requests().size(), before) << "all is there, the index too";
}

TEST_F(LendingTest, a_pack_that_is_gone_costs_its_objects_and_no_more) {
  const Digests digests = hold(2);
  const auto packs = store_.lend(digests, seconds(60), {});
  bucket_.with([](auto& held) { held.clear(); });
  object::MemoryStore there;
  EXPECT_EQ(fetch(*packs, digests, there).size(), 2U);
}

TEST_F(LendingTest, what_a_worker_wrote_is_there_and_its_memo_counts_for_its_own_thunk_only) {
  const object::Digest thunk = object::hash("thunk");
  const object::Digest other = object::hash("other thunk");
  const auto place = store_.lend_place(thunk, 7, seconds(60), {});
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_TRUE(is_pack_name(place->name));
  PackBuilder builder;
  builder.add(object::hash("made"), "made");
  builder.add(PackedMemo{thunk, object::hash("made")});
  builder.add(PackedMemo{other, object::hash("made")});
  PackBuilder::Pack pack = std::move(builder).take();
  ASSERT_TRUE(write_lent(http_, *place, pack.bytes, {}));
  const uint64_t length = index_and_footer_bytes(pack.index);
  const std::string_view end = std::string_view(pack.bytes).substr(pack.bytes.size() - length);
  ASSERT_TRUE(store_.take_over(place->name, pack.bytes.size(), end));
  EXPECT_FALSE(store_.take_over(place->name, pack.bytes.size() - 1, end));
  EXPECT_FALSE(store_.take_over("../name", pack.bytes.size(), end));
  EXPECT_EQ(store_.get(object::hash("made")).value(), "made");
  S3Store later(calls_, bucket_.clock(), {});
  for (S3Store* store : {&store_, &later}) {
    ASSERT_TRUE(store->open());
    EXPECT_EQ(store->result_of(thunk).value(), object::hash("made"));
    EXPECT_EQ(store->result_of(other).value(), std::nullopt) << "a stranger may have written it";
  }
}

TEST_F(LendingTest, what_is_written_while_the_bucket_is_listed_is_not_forgotten) {
  S3Store::Options options;
  options.holdings.lease = base::Nanoseconds(0);
  S3Store store(calls_, bucket_.clock(), options);
  PackBuilder builder;
  builder.add(object::hash("made"), "made");
  const PackBuilder::Pack pack = std::move(builder).take();
  const std::string_view end =
      std::string_view(pack.bytes).substr(pack.bytes.size() - index_and_footer_bytes(pack.index));
  bucket_.trouble = [&](const auto& request) -> std::optional<std::string> {
    if (request.target.find("list-type") != std::string::npos) {
      EXPECT_TRUE(store.take_over(pack_name_of(object::hash("thunk"), 1), pack.bytes.size(), end));
    }
    return std::nullopt;
  };
  EXPECT_EQ(store.missing(Digests{object::hash("made")}).value(), Digests());
}

TEST_F(LendingTest, a_refused_url_is_an_error_that_does_not_show_it) {
  const Digests digests = hold(1);
  const auto packs = store_.lend(digests, seconds(60), {});
  bucket_.trouble = [](const auto&) { return TestBucket::error(403, "AccessDenied"); };
  LentPacks lent(http_, indexes_, *packs);
  const auto got = lent.get(packs->front().name, {0, 1}, {});
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("AccessDenied"), std::string::npos) << got.error().message;
  EXPECT_EQ(got.error().message.find("X-Amz"), std::string::npos) << got.error().message;
}

}  // namespace
}  // namespace storage
