#include "cli/named_outputs.hh"

#include <gtest/gtest.h>

namespace cli {
namespace {

using Paths = std::vector<std::string>;

TEST(NamedOutputs, are_what_the_words_of_each_kind_of_tool_say) {
  const auto named = [](const Paths& argv) { return named_outputs(argv, "/p", ""); };
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
  EXPECT_EQ(named({"gcc", "-E", "a.c"}), Paths{});
  EXPECT_EQ(named({"gcc", "-MM", "-c", "a.c"}), Paths{});
  EXPECT_EQ(named({"g++", "-fsyntax-only", "a.cc"}), Paths{});
  EXPECT_EQ(named({"gcc", "-Wall"}), Paths{});
  EXPECT_EQ(named({"ld", "a.o"}), Paths{"/p/a.out"});
  EXPECT_EQ(named({"rustc", "a.rs"}), Paths{});
  EXPECT_EQ(named({"nm", "-o", "a.o"}), Paths{});
  EXPECT_EQ(named({"arm-linux-gnueabihf-ar", "rcs", "lib.a", "a.o"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"arm-linux-gnueabihf-strip", "a"}), Paths{"/p/a"});
  EXPECT_EQ(named({"llvm-ranlib-14", "lib.a"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"llvm-strip", "a", "b"}), (Paths{"/p/a", "/p/b"}));
  EXPECT_EQ(named({"gfortran", "-c", "a.f95"}), Paths{"/p/a.o"});
  EXPECT_EQ(named({"ar"}), Paths{});
  EXPECT_EQ(named({}), Paths{});
}

TEST(NamedOutputs, are_told_by_the_tables_of_the_models) {
  const auto named = [](const Paths& argv) { return named_outputs(argv, "/p", ""); };
  EXPECT_EQ(named({"gcc", "-MMD", "-MF", "a.d", "-c", "a.c"}), (Paths{"/p/a.d", "/p/a.o"}));
  EXPECT_EQ(named({"gcc", "-I", "a.c", "-include", "b.c", "-c", "c.c"}), Paths{"/p/c.o"})
      << "arguments are no files";
  EXPECT_EQ(named({"gcc", "-x", "c", "-c", "a.inc"}), Paths{"/p/a.o"});
  EXPECT_EQ(named({"gcc", "a.h"}), Paths{"/p/a.h.gch"});
  EXPECT_EQ(named({"clang-14", "-c", "-emit-llvm", "a.c"}), Paths{"/p/a.bc"});
  EXPECT_EQ(named({"ld", "-T", "a.ld", "--Map=a.map", "a.o"}), (Paths{"/p/a.map", "/p/a.out"}));
  EXPECT_EQ(named({"strip", "-K", "f", "a"}), Paths{"/p/a"});
  EXPECT_EQ(named({"objcopy", "--dump-section", ".text=text", "a"}), (Paths{"/p/text", "/p/a"}));
  EXPECT_EQ(named({"cpp", "a.c", "a.i"}), Paths{"/p/a.i"});
  EXPECT_EQ(named({"nasm", "-MD", "a.d", "-o", "a.o", "a.asm"}), (Paths{"/p/a.d", "/p/a.o"}));
  EXPECT_EQ(named({"nasm", "-MD", "-MF", "a.d", "-o", "a.o", "a.asm"}), (Paths{"/p/a.d", "/p/a.o"}));
}

TEST(NamedOutputs, are_none_where_a_command_only_reads) {
  const auto named = [](const Paths& argv, const char* reason) { return named_outputs(argv, "/p", reason); };
  EXPECT_EQ(named({"gcc", "--version"}, "query"), Paths{});
  EXPECT_EQ(named({"size", "a.o"}, "reads-only"), Paths{});
  EXPECT_EQ(named({"ar", "t", "lib.a"}, "query"), Paths{});
  EXPECT_EQ(named({"ar", "-x", "lib.a"}, "unknown-outputs"), Paths{});
  EXPECT_EQ(named({"ar", "pv", "lib.a", "a.o"}, "query"), Paths{});
  EXPECT_EQ(named({"ar", "--version"}, "query"), Paths{});
}

TEST(NamedOutputs, of_an_archiver_are_its_archive_where_it_writes_that) {
  const auto named = [](const Paths& argv) { return named_outputs(argv, "/p", "query"); };
  for (const char* key : {"r", "-q", "d", "m", "s"}) {
    EXPECT_EQ(named({"ar", key, "lib.a", "a.o"}), Paths{"/p/lib.a"}) << key;
  }
  EXPECT_EQ(named({"ar", "ma", "a.o", "lib.a", "b.o"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"ar", "dN", "2", "lib.a", "b.o"}), Paths{"/p/lib.a"});
  EXPECT_EQ(named({"ar", "--plugin", "p.so", "-r", "-c", "lib.a", "b.o"}), Paths{"/p/lib.a"});
}

}  // namespace
}  // namespace cli
