#include "model/trial.hh"

namespace model {
namespace {

class Clang : public Trial {
 protected:
  void SetUp() override {
    write("a.c",
          "#include <stdio.h>\n#include \"inc/own.h\"\n#include <lib.h>\n"
          "int main(void) { int unused; return OWN + LIB; }\n");
    write("inc/own.h", "#pragma once\n#define OWN 1\n");
    write("lib/lib.h", "#define LIB 2\n");
    write("b.cc", "#include <vector>\n#include <lib.h>\nstd::vector<int> v{LIB};\nint main() {}\n");
    write("start.S", "#include <lib.h>\n.globl _s\n_s: .long LIB\n");
    write("plain.s", ".globl _p\n_p: .long 7\n");
    write("f.c", "#include <math.h>\nint f(int x) { return (int)floor(x + 2.5); }\n");
    write("odd/we ird$#.c", "#include <lib.h>\n#include \"h d.h\"\n");
    write("odd/h d.h", "");
  }

  void run(const std::vector<std::string>& argv) {
    const base::Completed done = run_here(argv);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
};

TEST_F(Clang, a_thunk_makes_the_bytes_that_the_real_command_makes) {
  expect_same({"clang-14", "-c", "a.c", "-Ilib", "-o", "a.o"});
  expect_same({"clang-14", "-c", "-g", "-O2", "-Wall", "a.c", "-I", "lib"});
  expect_same({"clang-14", "-S", "-Ilib", "a.c"});
  expect_same({"clang-14", "-E", "-Ilib", "a.c", "-o", "a.i"});
  expect_same({"clang++-14", "-c", "-g", "-std=c++20", "b.cc", "-isystem", "lib"});
  expect_same({"clang-14", "-c", "start.S", "plain.s", "-Ilib"});
  expect_same({"/usr/lib/llvm-14/bin/clang", "-c", "f.c", "-O3", "-march=x86-64-v3", "-ffast-math"});
  expect_same({"clang-14", "-m32", "-ffreestanding", "-c", "-fsanitize=undefined", "start.S", "-Ilib"});
  expect_same({"clang-14", "-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-c", "f.c"});
}

TEST_F(Clang, errors_and_warnings_are_the_compilers_own) {
  write("bad.c", "#include <stdio.h>\nint f(void) { return undeclared; }\n");
  expect_same({"clang-14", "-c", "bad.c"});
  expect_same({"clang-14", "-c", "-Wunknown-to-clang", "-fno-tree-vrp", "-lm", "f.c"});
  EXPECT_EQ(reason({"clang-14", "-c", "a.c"}), "preprocessing-fails") << "lib.h is not found without -Ilib";
  EXPECT_EQ(reason({"clang-14", "-c", "-fstrange", "a.c"}), "unknown-option");
  EXPECT_EQ(reason({"clang-14", "-c", "-Xclang", "-load", "f.c"}), "unknown-option");
  EXPECT_EQ(reason({"clang-14", "-c", "-mllvm", "-debug", "f.c"}), "unknown-option");
  EXPECT_EQ(reason({"clang-14", "-c", "-march=native", "f.c"}), "native-processor");
  EXPECT_EQ(reason({"clang-14", "-c", "-fmodules", "f.c"}), "modules");
  EXPECT_EQ(reason({"clang-cpp-14", "f.c"}), "unknown-tool");
  write("inc/own.h.pch", "");
  EXPECT_EQ(reason({"clang-14", "-c", "-Iinc", "-include", "inc/own.h", "f.c"}), "precompiled-header");
}

TEST_F(Clang, depfiles_are_the_compilers_byte_for_byte) {
  const std::vector<std::vector<std::string>> options = {{"-MD"},
                                                         {"-MMD", "-MP"},
                                                         {"-MD", "-MF", "x y.d"},
                                                         {"-MMD", "-MFz.d", "-MT", "t1 $x"},
                                                         {"-MD", "-MQ", "t1 $x", "-MQ", "b"},
                                                         {"-MD", "-MT", "a", "-MP"},
                                                         {"-Wp,-MD,k.d"},
                                                         {"-Wp,-MMD,k.d", "-O2"}};
  expect_same_depfiles("clang-14", "clang++-14", options, 2);
  expect_same_depfile({"clang-14", "-Ilib", "-MMD", "-S", "a.c"});
  expect_same_depfile({"clang-14", "-Ilib", "-MD", "-c", "-o", "noext", "a.c"});
  expect_same({"clang-14", "-Ilib", "-MMD", "-c", "odd/we ird$#.c"});
}

TEST_F(Clang, what_is_made_beside_the_object_is_an_output) {
  write("empty.c", "");
  expect_same({"clang-14", "-c", "-g", "-gsplit-dwarf", "-Ilib", "a.c"});
  expect_same({"clang-14", "-c", "-g", "-gsplit-dwarf", "empty.c", "-o", "odd/a.b.o"});
  expect_same({"clang-14", "-c", "-gsplit-dwarf", "f.c", "-o", "odd/g"});
  expect_same({"clang-14", "-c", "-fstack-usage", "-Ilib", "a.c", "empty.c"});
  expect_same({"clang-14", "-c", "--coverage", "-Ilib", "a.c", "empty.c"});
  expect_same({"clang-14", "-c", "-fprofile-arcs", "-ftest-coverage", "f.c", "-o", "odd/f.x.o"});
}

TEST_F(Clang, links_are_the_linkers_own) {
  write("main.c", "int f(int); int main(void) { return f(1); }\n");
  run({"clang-14", "-fPIC", "-c", "main.c", "f.c"});
  run({"clang++-14", "-c", "b.cc", "-Ilib"});
  expect_same({"clang-14", "main.o", "f.o", "-o", "prog", "-lm"});
  expect_same({"clang-14", "main.o", "f.o", "-static", "-o", "prog.static", "-lm", "-pthread"});
  expect_same({"clang++-14", "b.o"});
  expect_same({"clang-14", "-shared", "-Wl,-soname,libf.so.1", "f.o", "-lm", "-o", "libf.so"});
  expect_same(
      {"clang-14", "-g", "-rdynamic", "-Wl,-Map=prog.map,--gc-sections", "main.o", "-L.", "-lf", "-lm"});
  expect_same({"clang-14", "-O2", "-s", "-no-pie", "-o", "one", "main.c", "f.c", "-lm"});
  EXPECT_EQ(reason({"clang-14", "main.o", "absent.o"}), "missing-input");
  EXPECT_EQ(reason({"clang-14", "-fuse-ld=/usr/bin/ld.gold", "main.o", "f.o"}), "other-linker");
}

TEST_F(Clang, the_plugin_that_optimises_at_link_time_is_there) {
  write("main.c", "int f(int); int main(void) { return f(1); }\n");
  for (const std::string lto : {"-flto", "-flto=thin"}) {
    run({"clang-14", lto, "-g", "-O2", "-fPIC", "-c", "main.c", "f.c"});
    expect_same({"clang-14", lto, "-c", "f.c", "-o", "g.o"});
    expect_same({"clang-14", lto, "-O2", "main.o", "f.o", "-lm"});
    expect_same({"clang-14", lto, "-shared", "main.o", "f.o", "-lm", "-o", "libboth.so"});
    run({"llvm-ar-14", "rcs", "libf.a", "f.o"});
    expect_same({"clang-14", lto, "-O2", "main.o", "libf.a", "-lm", "-o", "archived"});
  }
}

}  // namespace
}  // namespace model
