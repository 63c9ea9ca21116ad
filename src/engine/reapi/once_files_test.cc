#include "engine/reapi/once_files.hh"

#include "object/memory_store.hh"
#include "object/tree.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(OnceFiles, a_header_that_is_read_once_is_known_by_its_words) {
  for (const char* text :
       {"#pragma once\n", "# pragma\tonce", "_Pragma(\"once\")", "#import <x.h>", "#  import \"x\""}) {
    EXPECT_TRUE(mentions_once(text)) << text;
  }
  for (const char* text : {"", "#pragma pack(1)", "once", "important", "int import;", "#pragma GCC once"}) {
    EXPECT_FALSE(mentions_once(text)) << text;
  }
}

class OnceFilesTest : public ::testing::Test {
 protected:
  object::Digest directory(const std::string& name, const object::Entry& entry, const object::Entry& other) {
    return store_.put(object::encode(object::Directory{{{name, entry}, {"z", other}}})).value();
  }

  object::Entry file(const std::string& text) { return object::File{store_.put(text).value(), false}; }

  object::MemoryStore store_;
  OnceFiles once_{store_};
};

TEST_F(OnceFilesTest, the_same_header_at_two_paths_is_found_wherever_they_are) {
  const object::Entry header = file("#pragma once\nint a;\n");
  EXPECT_TRUE(once_.stands_twice(directory("a.h", header, header)).value());
  const object::Entry below = object::Subdirectory{directory("b.h", header, file("x")), false};
  EXPECT_TRUE(once_.stands_twice(directory("a.h", header, below)).value());
  EXPECT_TRUE(once_.stands_twice(directory("a", below, below)).value());
  EXPECT_FALSE(once_.stands_twice(directory("a", below, file("y"))).value());
}

TEST_F(OnceFilesTest, other_files_may_stand_twice) {
  const object::Entry source = file("int a;\n");
  EXPECT_FALSE(once_.stands_twice(directory("a.c", source, source)).value());
  EXPECT_FALSE(once_.stands_twice(object::Digest()).value()) << "not here: for others to say";
}

}  // namespace
}  // namespace engine
