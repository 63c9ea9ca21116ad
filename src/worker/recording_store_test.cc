#include "worker/recording_store.hh"

#include "object/hash.hh"
#include "object/memory_files.hh"

#include <gtest/gtest.h>

namespace worker {
namespace {

TEST(RecordingStore, tells_once_what_was_put_and_not_what_was_read) {
  object::MemoryFiles files;
  const object::Digest before = files.put("before").value();
  RecordingStore store(files);
  EXPECT_EQ(store.get(before).value(), "before");
  const object::Digest b = store.put("b").value();
  const object::Digest a = store.put("a").value();
  EXPECT_EQ(store.put("b").value(), b);
  EXPECT_EQ(store.take(), (std::vector{b, a}));
  EXPECT_TRUE(store.take().empty());
  EXPECT_EQ(store.put("b").value(), b);
  EXPECT_EQ(store.take(), std::vector{b}) << "another thunk may make the same";
}

}  // namespace
}  // namespace worker
