#include "object/refilling_store.hh"

#include "object/hash.hh"
#include "object/memory_files.hh"

#include <gtest/gtest.h>

namespace object {
namespace {

TEST(RefillingStore, what_is_lost_is_put_again_from_where_it_came) {
  MemoryFiles files;
  RefillingStore store(files);
  const Digest header = hash("int a;\n");
  const RefillingStore::Source source(
      store, [&](const Digest& digest) { return digest == header && store.put("int a;\n").has_value(); });
  EXPECT_EQ(store.get(header).value(), "int a;\n");
  files.memory.forget(header);
  EXPECT_TRUE(store.place(header, false, "a.h", FileStore::Placing::HardLink).value());
}

TEST(RefillingStore, what_nobody_can_put_again_is_absent) {
  MemoryFiles files;
  RefillingStore store(files);
  {
    const RefillingStore::Source source(store, [](const Digest&) { return false; });
    EXPECT_EQ(store.get(hash("x")).value(), std::nullopt);
  }
  EXPECT_FALSE(store.place(hash("x"), false, "x", FileStore::Placing::Copy).value());
}

}  // namespace
}  // namespace object
