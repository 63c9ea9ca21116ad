#include "model/held_files.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

namespace model {
namespace {

using Paths = std::vector<std::string>;

TEST(HeldFiles, the_last_four_are_known_the_one_seen_last_first) {
  HeldFiles held;
  const object::Digest digest = object::hash("same");
  EXPECT_FALSE(held.see_again(digest, "/a/one"));
  EXPECT_EQ(held.paths(digest), Paths{});
  held.add(digest, "/a/one");
  for (const char* const path : {"/a/two", "/one", "/a/b/one", "/a/two", "/a/two"}) {
    EXPECT_TRUE(held.see_again(digest, path));
  }
  EXPECT_EQ(held.paths(digest), (Paths{"/a/two", "/a/b/one", "/one", "/a/one"}));
  EXPECT_TRUE(held.see_again(digest, "/new"));
  EXPECT_EQ(held.paths(digest), (Paths{"/new", "/a/two", "/a/b/one", "/one"}));
}

TEST(HeldFiles, names_are_bytes) {
  HeldFiles held;
  const object::Digest digest = object::hash("odd");
  for (int i = 0; i < 300; ++i) {  // numbers of folders whose bytes are any
    held.add(object::hash(std::to_string(i)), "/f" + std::to_string(i) + "/x");
  }
  const std::string odd = "/f256/\xff \n a very long name that fits into no short string";
  held.add(digest, odd);
  EXPECT_TRUE(held.see_again(digest, "/f0/x"));
  EXPECT_EQ(held.paths(digest), (Paths{"/f0/x", odd}));
  EXPECT_EQ(held.paths(object::hash("299")), Paths{"/f299/x"});
}

}  // namespace
}  // namespace model
