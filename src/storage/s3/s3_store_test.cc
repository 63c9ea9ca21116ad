#include "storage/s3/s3_store.hh"

#include "base/files.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "storage/s3/test_bucket.hh"

#include <gtest/gtest.h>

namespace storage {
namespace {

using Digests = std::vector<object::Digest>;
using Memo = object::MemoStore::Memo;

class S3StoreTest : public ::testing::Test {
 protected:
  S3Store::Options options() {
    S3Store::Options options;
    options.pack_bytes = 1000;
    options.alone_bytes = 500;
    return options;
  }

  Digests put(const std::vector<std::string>& all) {
    Digests digests;
    for (const std::string& bytes : all) {
      digests.push_back(here_.put(bytes).value());
    }
    return digests;
  }

  // By somebody else, in one pack.
  void others_hold(const std::vector<std::string>& all, const std::vector<Memo>& memos = {}) {
    BucketCalls calls = bucket_.calls(1U << 20U);
    S3Store store(calls, bucket_.clock(), S3Store::Options());
    const auto lost = store.send_memos(memos, put(all), here_, {});
    ASSERT_TRUE(lost && lost->empty());
  }

  TestBucket bucket_;
  BucketCalls calls_ = bucket_.calls(1U << 20U);
  object::MemoryStore here_;
};

TEST_F(S3StoreTest, many_small_objects_go_in_one_request_and_come_in_one) {
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back("object " + std::to_string(i));
  }
  others_hold(all);
  EXPECT_EQ(bucket_.count("PUT"), 1U);
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  const size_t before = bucket_.requests().size();
  object::MemoryStore into;
  EXPECT_EQ(store.fetch(put(all), into, {}).value(), Digests());
  EXPECT_TRUE(into.missing(put(all))->empty());
  EXPECT_EQ(bucket_.requests().size(), before + 1);
}

TEST_F(S3StoreTest, what_lies_behind_the_object_that_is_asked_for_comes_along) {
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back("object " + std::to_string(i));
  }
  others_hold(all);
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  const Digests digests = put(all);
  object::MemoryStore into;
  EXPECT_EQ(store.fetch(Digests{digests[10]}, into, {}).value(), Digests());
  const size_t before = bucket_.requests().size();
  EXPECT_EQ(store.fetch(Digests(digests.begin() + 10, digests.end()), into, {}).value(), Digests());
  EXPECT_EQ(bucket_.requests().size(), before) << "they lie in the order in which they were sent";
  EXPECT_EQ(into.missing(digests)->size(), 10U);
}

TEST_F(S3StoreTest, damage_to_what_came_along_is_nobodys_loss) {
  others_hold({"some bytes", "other bytes"});
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  bucket_.with([](auto& held) {
    std::string& pack = held.begin()->second;
    pack[13 + 12] = static_cast<char>(pack[13 + 12] ^ 1);
  });
  object::MemoryStore into;
  const Digests all = put({"some bytes", "other bytes"});
  EXPECT_EQ(store.fetch(Digests{all[0]}, into, {}).value(), Digests());
  EXPECT_EQ(store.fetch(Digests{all[1]}, into, {}).value(), Digests{all[1]});
}

TEST_F(S3StoreTest, what_the_bucket_holds_is_known_without_asking) {
  others_hold({"a"});
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  const size_t before = bucket_.requests().size();
  const Digests wanted = put({"a", "b"});
  EXPECT_EQ(store.missing(wanted).value(), Digests{wanted[1]});
  EXPECT_EQ(store.send(Digests{wanted[0]}, here_, {}).value(), Digests());
  EXPECT_EQ(bucket_.requests().size(), before);
}

TEST_F(S3StoreTest, large_objects_are_alone_and_others_are_split) {
  S3Store store(calls_, bucket_.clock(), options());
  const Digests all =
      put({std::string(600, 'l'), std::string(400, 'a'), std::string(400, 'b'), std::string(400, 'c')});
  EXPECT_EQ(store.send(all, here_, {}).value(), Digests());
  EXPECT_EQ(bucket_.held().size(), 3U);
  object::MemoryStore into;
  EXPECT_EQ(store.fetch(all, into, {}).value(), Digests());
}

TEST_F(S3StoreTest, a_memo_is_told_with_the_last_of_what_it_names) {
  const Digests all = put(
      {std::string(600, 'l'), std::string(400, 'a'), std::string(400, 'b'), std::string(400, 'c'), "result"});
  const Memo memo{object::hash("thunk"), object::hash("result")};
  size_t puts = 0;
  bucket_.trouble = [&](const TestBucket::Request& request) -> std::optional<std::string> {
    puts += request.method == "PUT" ? 1U : 0U;
    // The first two arrive, the third does not.
    return request.method == "PUT" && puts > 2 ? std::optional(TestBucket::error(403, "AccessDenied"))
                                               : std::nullopt;
  };
  S3Store store(calls_, bucket_.clock(), options());
  EXPECT_FALSE(store.send_memos(std::vector{memo}, all, here_, {}));
  bucket_.trouble = nullptr;
  BucketCalls calls = bucket_.calls();
  S3Store other(calls, bucket_.clock(), options());
  EXPECT_EQ(other.result_of(memo.thunk).value(), std::nullopt);
  EXPECT_EQ(other.send_memos(std::vector{memo}, all, here_, {}).value(), Digests());
  EXPECT_EQ(other.result_of(memo.thunk).value(), memo.result);
  BucketCalls third_calls = bucket_.calls();
  S3Store third(third_calls, bucket_.clock(), options());
  EXPECT_EQ(third.result_of(memo.thunk).value(), memo.result);
}

TEST_F(S3StoreTest, a_memo_whose_objects_are_lost_is_not_told) {
  S3Store store(calls_, bucket_.clock(), options());
  const Memo memo{object::hash("thunk"), object::hash("gone")};
  EXPECT_EQ(store.send_memos(std::vector{memo}, Digests{memo.result}, here_, {}).value(),
            Digests{memo.result});
  EXPECT_EQ(store.result_of(memo.thunk).value(), std::nullopt);
  EXPECT_TRUE(bucket_.held().empty());
}

TEST_F(S3StoreTest, an_emptied_bucket_is_found_out_and_filled_again) {
  others_hold({"a", "b"});
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  bucket_.with([](auto& held) { held.clear(); });
  object::MemoryStore into;
  const Digests all = put({"a", "b"});
  EXPECT_EQ(store.fetch(all, into, {})->size(), 2U);
  EXPECT_EQ(store.send(all, here_, {}).value(), Digests());
  EXPECT_EQ(store.fetch(all, into, {}).value(), Digests());
}

TEST_F(S3StoreTest, bits_that_flip_on_the_way_are_fetched_again) {
  others_hold({"some bytes", "other bytes"});
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  int damaged = 0;
  bucket_.damage = [&](std::string bytes) {
    if (damaged++ == 0) {
      bytes[3] = static_cast<char>(bytes[3] ^ 1);
    }
    return bytes;
  };
  object::MemoryStore into;
  EXPECT_EQ(store.fetch(put({"some bytes", "other bytes"}), into, {}).value(), Digests());
  EXPECT_EQ(damaged, 2);
}

TEST_F(S3StoreTest, what_lies_there_damaged_is_not_there) {
  others_hold({"some bytes"});
  S3Store store(calls_, bucket_.clock(), options());
  ASSERT_TRUE(store.open());
  bucket_.with([](auto& held) {
    std::string& pack = held.begin()->second;
    pack[14] = static_cast<char>(pack[14] ^ 1);
  });
  object::MemoryStore into;
  const Digests all = put({"some bytes"});
  EXPECT_EQ(store.fetch(all, into, {}).value(), all);
  EXPECT_EQ(store.missing(all).value(), all);
  EXPECT_EQ(store.send(Digests(put({"some bytes", "more"})), here_, {}).value(), Digests());
  EXPECT_EQ(store.fetch(all, into, {}).value(), Digests()) << "another pack has it";
}

TEST_F(S3StoreTest, an_index_that_arrives_damaged_is_read_again) {
  others_hold({"some bytes"});
  int damaged = 0;
  bucket_.damage = [&](std::string bytes) {
    if (damaged++ == 0) {
      bytes[bytes.size() - 80] = static_cast<char>(bytes[bytes.size() - 80] ^ 1);
    }
    return bytes;
  };
  S3Store store(calls_, bucket_.clock(), options());
  EXPECT_EQ(store.missing(put({"some bytes"})).value(), Digests());
}

TEST_F(S3StoreTest, what_is_no_pack_is_left_alone) {
  bucket_.with([](auto& held) {
    held["cache/packs/" + std::string(64, 'a')] = std::string(1000, 'x');
    held["cache/packs/" + std::string(64, 'b')] = "";
    held["cache/packs/notes.txt"] = "mine";
  });
  S3Store store(calls_, bucket_.clock(), options());
  EXPECT_TRUE(store.open());
  EXPECT_EQ(store.missing(put({"a"}))->size(), 1U);
}

TEST_F(S3StoreTest, indexes_are_read_once_and_kept_here) {
  others_hold({"a"});
  const base::TemporaryDirectory folder;
  S3Store::Options kept = options();
  kept.holdings.file = folder.path() + "/deep/holdings";
  {
    S3Store store(calls_, bucket_.clock(), kept);
    ASSERT_TRUE(store.open());
    EXPECT_EQ(store.send(put({"mine"}), here_, {}).value(), Digests());
  }
  const size_t before = bucket_.requests().size();
  {
    S3Store store(calls_, bucket_.clock(), kept);
    EXPECT_EQ(store.missing(put({"a", "mine"})).value(), Digests());
  }
  EXPECT_EQ(bucket_.requests().size(), before) << "within the lease nothing is listed";
  kept.holdings.lease_of_others = base::Nanoseconds(0);
  {
    S3Store store(calls_, bucket_.clock(), kept);
    EXPECT_EQ(store.missing(put({"a", "mine"})).value(), Digests());
  }
  EXPECT_EQ(bucket_.requests().size(), before + 1) << "listed, and no index is read";
  bucket_.with([](auto& held) { held.clear(); });
  {
    S3Store store(calls_, bucket_.clock(), kept);
    EXPECT_EQ(store.missing(put({"a", "mine"}))->size(), 2U) << "what is gone is not believed";
  }
  base::write_file_atomically(kept.holdings.file, "gg s3 holdings 1\nand then something else");
  S3Store store(calls_, bucket_.clock(), kept);
  EXPECT_EQ(store.missing(put({"a"}))->size(), 1U);
}

}  // namespace
}  // namespace storage
