#include "cli/named_outputs.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

using Paths = std::vector<std::string>;

TEST(NamedOutputs, are_what_the_words_of_each_kind_of_tool_say) {
  const auto named = [](const Paths& argv) { return named_outputs(argv, "/p"); };
  EXPECT_EQ(named({"gcc", "-c", "src/a.c", "-o", "out/a.o"}), Paths{"/p/out/a.o"});
  EXPECT_EQ(named({"gcc", "-c", "a.c", "-o/x/a.o"}), Paths{"/x/a.o"});
  EXPECT_EQ(named({"gcc", "-MF", "a.d", "-o", "a.o", "-c", "a.c"}), (Paths{"/p/a.d", "/p/a.o"}));
  EXPECT_EQ(named({"cc", "-Isrc", "-c", "src/a.c", "../b.cpp"}), (Paths{"/p/a.o", "/p/b.o"}));
  EXPECT_EQ(named({"cc", "-S", "a.c"}), Paths{"/p/a.s"});
  EXPECT_EQ(named({"clang++-14", "a.o"}), Paths{"/p/a.out"});
  EXPECT_EQ(named({"/usr/bin/x86_64-linux-gnu-ar", "rcs", "lib.a", "a.o"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"gcc-ar-12", "-rc", "lib.a", "a.o"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"strip", "-g", "a", "b"}), (Paths{"/p/a", "/p/b"}));
  EXPECT_EQ(named({"strip", "-o", "c", "a"}), Paths{"/p/c"});
  EXPECT_EQ(named({"objcopy", "--strip-debug", "a", "b"}), Paths{"/p/b"});
  EXPECT_EQ(named({"gcc", "-E", "a.c", "-o", "-"}), Paths{});
  EXPECT_EQ(named({"ar"}), Paths{});
  EXPECT_EQ(named({}), Paths{});
}

}  // namespace
}  // namespace cli
