#include "object/tiered_store.hh"

#include "object/hash.hh"
#include "object/memory_files.hh"
#include "object/memory_remote.hh"

#include <gtest/gtest.h>

namespace object {
namespace {

class TieredStoreTest : public ::testing::Test {
 protected:
  MemoryFiles here_;
  MemoryRemote there_;
  TieredStore store_{here_, there_};
};

TEST_F(TieredStoreTest, what_is_there_is_brought_here_once) {
  const Digest digest = there_.memory.put("x").value();
  EXPECT_EQ(store_.get(digest).value(), "x");
  EXPECT_EQ(store_.get(digest).value(), "x");
  EXPECT_TRUE(store_.place(digest, false, "x", FileStore::Placing::Copy).value());
  EXPECT_EQ(there_.asked, 1);
}

TEST_F(TieredStoreTest, a_file_is_placed_from_there) {
  const Digest digest = there_.memory.put("x").value();
  EXPECT_TRUE(store_.place(digest, false, "x", FileStore::Placing::Copy).value());
  EXPECT_FALSE(store_.place(hash("y"), false, "y", FileStore::Placing::Copy).value());
}

TEST_F(TieredStoreTest, what_is_placed_soon_is_brought_at_once) {
  const std::vector<Digest> all{there_.memory.put("x").value(), there_.memory.put("y").value(), hash("gone")};
  store_.expect_placing(all);
  EXPECT_EQ(here_.missing(all).value(), std::vector{hash("gone")});
  EXPECT_EQ(there_.asked, 1);
}

TEST_F(TieredStoreTest, only_what_neither_has_is_missing) {
  const std::vector<Digest> all{store_.put("here").value(), there_.memory.put("there").value(), hash("gone")};
  EXPECT_EQ(store_.missing(all).value(), std::vector{hash("gone")});
  EXPECT_EQ(store_.get(hash("gone")).value(), std::nullopt);
  EXPECT_TRUE(store_.missing(std::vector{all[0]})->empty());
  EXPECT_EQ(there_.asked, 2) << "nobody far away is asked about what is here";
}

}  // namespace
}  // namespace object
