#include "object/tree.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

#include <stdexcept>

namespace object {
namespace {

Directory sample() {
  return {{{"b", File{hash("b"), true}},
           {"a", File{hash("a"), false}},
           {"d", Subdirectory{hash(""), false}},
           {"l", Symlink{"../x"}},
           {"p\xFF\n", Promise{hash("t"), "out.o"}}}};
}

TEST(Tree, an_empty_directory_is_the_protocols_empty_message) {
  EXPECT_EQ(encode(Directory{}), "");
}

// By hand from the Remote Execution API v2's field numbers: Directory.files = 1, FileNode.{name=1, digest=2,
// is_executable=4}, Digest.{hash=1, size_bytes=2}, Directory.symlinks = 3, SymlinkNode.{name=1, target=2}.
TEST(Tree, a_directory_without_promises_has_the_bytes_of_the_remote_execution_api) {
  const std::string hex = hash("b").hex();
  const std::string digest = "\x0A\x40" + hex + "\x10\x01";
  const std::string node = "\x0A\x01" + std::string("b") + "\x12" +
                           std::string(1, static_cast<char>(digest.size())) + digest + "\x20\x01";
  const std::string link = "\x0A\x01" + std::string("l") + "\x12\x01" + "x";
  const std::string expected = "\x0A" + std::string(1, static_cast<char>(node.size())) + node + "\x1A" +
                               std::string(1, static_cast<char>(link.size())) + link;
  EXPECT_EQ(encode(Directory{{{"b", File{hash("b"), true}}, {"l", Symlink{"x"}}}}), expected);
}

TEST(Tree, what_was_encoded_is_read_back) {
  EXPECT_EQ(decode_directory(encode(sample())).value(), sample());
  EXPECT_TRUE(sample().owes());
  EXPECT_FALSE((Directory{{{"d", Subdirectory{hash(""), false}}}}).owes());
  EXPECT_TRUE((Directory{{{"d", Subdirectory{hash(""), true}}}}).owes());
}

// The bytes of a directory that holds one symlink to "x"; encode() itself refuses to write illegal ones.
std::string bytes_of_link(const std::string& name, const std::string& target) {
  const auto field = [](char tag, const std::string& value) {
    return std::string(1, tag) + std::string(1, static_cast<char>(value.size())) + value;
  };
  return field('\x1A', field('\x0A', name) + field('\x12', target));
}

TEST(Tree, names_that_could_lead_out_of_the_tree_are_refused) {
  EXPECT_TRUE(decode_directory(bytes_of_link("a", "x")));
  for (const std::string& name :
       {std::string("."), std::string(".."), std::string("a/b"), std::string("/"), std::string("a\0b", 3)}) {
    const Directory directory{{{name, Symlink{"x"}}}};
    EXPECT_FALSE(check(directory)) << name;
    EXPECT_THROW((void)encode(directory), std::logic_error) << name;
    EXPECT_FALSE(decode_directory(bytes_of_link(name, "x"))) << name;
  }
  EXPECT_FALSE(decode_directory("\x1A\x03\x12\x01x")) << "no name";
}

TEST(Tree, entries_that_name_nothing_are_refused) {
  EXPECT_FALSE(check({{{"f", File{Digest(), false}}}}));
  EXPECT_FALSE(check({{{"d", Subdirectory{Digest(), false}}}}));
  EXPECT_FALSE(check({{{"f", File{Digest(hash("").hash(), uint64_t{1} << 63U), false}}}}));
  EXPECT_FALSE(check({{{"l", Symlink{""}}}}));
  EXPECT_FALSE(check({{{"l", Symlink{std::string("a\0b", 3)}}}}));
  EXPECT_FALSE(check({{{"p", Promise{hash("t"), "/abs"}}}}));
  EXPECT_FALSE(check({{{"p", Promise{Digest(), "o"}}}}));
  EXPECT_FALSE(
      decode_directory("\x0A\x03\x0A\x01"
                       "f"))
      << "no digest";
}

TEST(Tree, output_paths_climb_only_at_their_start) {
  for (const char* path : {"a", "a.o", "a/b", "../a", "../../a/b", "...", "..a/b"}) {
    EXPECT_TRUE(is_output_path(path)) << path;
  }
  for (const char* path :
       {"", ".", "..", "../", "../..", "/a", "a/", "a//b", "./a", "a/./b", "a/../b", "..//a"}) {
    EXPECT_FALSE(is_output_path(path)) << path;
  }
}

TEST(Tree, bytes_that_are_not_canonical_are_refused) {
  const std::string one = encode(Directory{{{"a", Symlink{"x"}}}});
  const std::string two = encode(Directory{{{"b", Symlink{"x"}}}});
  EXPECT_TRUE(decode_directory(one + two));
  EXPECT_FALSE(decode_directory(two + one)) << "unsorted";
  EXPECT_FALSE(decode_directory(one + one)) << "twice";
  EXPECT_FALSE(decode_directory(one + "\x98\x7F\x01")) << "an unknown field";
  EXPECT_FALSE(decode_directory(one.substr(0, one.size() - 1))) << "torn";
}

}  // namespace
}  // namespace object
