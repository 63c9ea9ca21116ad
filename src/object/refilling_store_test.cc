#include "object/refilling_store.hh"

#include "object/hash.hh"
#include "object/memory_store.hh"

#include <gtest/gtest.h>

namespace object {
namespace {

// Objects in memory; placing one says only whether it is there.
class Files final : public FileStore {
 public:
  base::Result<std::optional<std::string>> get(const Digest& digest) override { return memory.get(digest); }

  base::Result<Digest> put(std::string_view bytes) override { return memory.put(bytes); }

  base::Result<Digest> put_file(int fd, std::string_view subject, const StillWanted& wanted) override {
    return memory.put_file(fd, subject, wanted);
  }

  base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    return memory.missing(digests);
  }

  base::Result<bool> place(const Digest& digest, bool /*executable*/, const std::string& /*path*/,
                           Placing /*placing*/) override {
    return memory.missing({&digest, 1})->empty();
  }

  MemoryStore memory;
};

TEST(RefillingStore, what_is_lost_is_put_again_from_where_it_came) {
  Files files;
  RefillingStore store(files);
  const Digest header = hash("int a;\n");
  const RefillingStore::Source source(
      store, [&](const Digest& digest) { return digest == header && store.put("int a;\n").has_value(); });
  EXPECT_EQ(store.get(header).value(), "int a;\n");
  files.memory.forget(header);
  EXPECT_TRUE(store.place(header, false, "a.h", FileStore::Placing::HardLink).value());
}

TEST(RefillingStore, what_nobody_can_put_again_is_absent) {
  Files files;
  RefillingStore store(files);
  {
    const RefillingStore::Source source(store, [](const Digest&) { return false; });
    EXPECT_EQ(store.get(hash("x")).value(), std::nullopt);
  }
  EXPECT_FALSE(store.place(hash("x"), false, "x", FileStore::Placing::Copy).value());
}

}  // namespace
}  // namespace object
