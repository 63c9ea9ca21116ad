#include "object/memory_store.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

namespace object {
namespace {

TEST(MemoryStore, keeps_failed_absent_and_present_apart) {
  MemoryStore store;
  const Digest digest = store.put("abc").value();
  EXPECT_EQ(store.get(digest).value(), "abc");
  EXPECT_EQ(store.get(hash("x")).value(), std::nullopt);
  EXPECT_EQ(store.missing(std::vector{digest, hash("x")}).value(), std::vector{hash("x")});
  store.forget(digest);
  EXPECT_EQ(store.get(digest).value(), std::nullopt);
}

TEST(MemoryRecords, tables_do_not_mix) {
  MemoryRecords records;
  ASSERT_TRUE(records.record(kMemoTable, hash("t"), "r"));
  EXPECT_EQ(records.find(kMemoTable, hash("t")).value(), "r");
  EXPECT_EQ(records.find(kFootprintTable, hash("t")).value(), std::nullopt);
}

}  // namespace
}  // namespace object
