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
  EXPECT_EQ(reason({"clang-14", "-c", "-Xclang", "-load", "f.c"}), "plugin");
  EXPECT_EQ(reason({"clang-14", "-c", "-mllvm", "-debug", "f.c"}), "unknown-option");
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

TEST_F(Clang, lists_of_sanitizers_are_inputs_and_in_depfiles) {
  write("leave.txt", "fun:f\n");
  expect_same({"clang-14", "-c", "-MD", "-fsanitize=address", "f.c"});
  expect_same({"clang-14", "-c", "-MD", "-MP", "-fsanitize=undefined,address",
               "-fsanitize-ignorelist=leave.txt", "f.c", "-o", "odd/f.o"});
  expect_same(
      {"clang-14", "-c", "-MMD", "-MP", "-fsanitize=address", "-fsanitize-blacklist=leave.txt", "f.c"});
  expect_same({"clang-14", "-c", "-fsanitize=address", "-fsanitize-ignorelist=leave.txt", "f.c"});
  expect_same({"clang-14", "-c", "-MD", "-MP", "-fxray-instrument", "-fxray-attr-list=leave.txt", "f.c"});
  expect_same({"clang-14", "-c", "-fsanitize=address", "-fsanitize-coverage=trace-pc-guard",
               "-fsanitize-coverage-ignorelist=leave.txt", "f.c"});
  EXPECT_EQ(reason({"clang-14", "-c", "-fsanitize=address", "-fsanitize-ignorelist=none.txt", "f.c"}),
            "preprocessing-fails")
      << "the driver says that there is no such list";
}

TEST_F(Clang, profiles_are_inputs) {
  write("raw.txt", "f\n# hash\n0\n# counters\n1\n100\n\n");
  run({"clang-14", "-fprofile-instr-generate", "-c", "f.c"});
  run({"/usr/bin/llvm-profdata-14", "merge", "-o", "default.profdata", "raw.txt"});
  std::filesystem::create_directory(path("p"));
  std::filesystem::copy(path("default.profdata"), path("p/default.profdata"));
  expect_same({"clang-14", "-O2", "-fprofile-instr-use=default.profdata", "-c", "-MD", "f.c"});
  expect_same({"clang-14", "-O2", "-fprofile-use=p", "-c", "f.c"});
  expect_same({"clang-14", "-O2", "-fprofile-use", "-c", "f.c"});
  EXPECT_EQ(reason({"clang-14", "-fprofile-use=none", "-c", "f.c"}), "profile");
  EXPECT_EQ(reason({"clang-14", "-fprofile-sample-use=none", "-c", "f.c"}), "missing-input");
}

TEST_F(Clang, other_targets_and_roots_are_asked_about) {
  write("bare.c", "int f(int x) { return x + 1; }\n");
  write("root/usr/include/here.h", "#define HERE 3\n");
  write("h.c", "#include <here.h>\nint f(void) { return HERE; }\n");
  expect_same({"clang-14", "--target=aarch64-linux-gnu", "-MD", "-O2", "-g", "-c", "bare.c"});
  expect_same({"clang-14", "-target", "bpf", "-O2", "-g", "-c", "bare.c", "-o", "bare.bpf.o"});
  expect_same({"clang-14", "--target=i386-pc-linux-gnu", "-c", "bare.c"});
  expect_same({"clang-14", "--sysroot=" + path("root"), "-MD", "-c", "h.c"});
  expect_same({"clang-14", "--sysroot", path("root"), "-c", "h.c", "-o", "odd/h.o"});
  expect_same({"clang-14", "--gcc-toolchain=/usr", "-MD", "-c", "f.c"});
  expect_same({"clang-14", "--gcc-toolchain=/usr", "--target=x86_64-linux-gnu", "f.c", "-shared", "-fPIC"});
  expect_same({"clang-14", "--sysroot=root", "-MD", "-c", "h.c"});
  expect_same({"clang-14", "--sysroot", "../root", "-c", "../h.c", "-o", "h.o"}, "odd");
}

TEST_F(Clang, another_assembler_and_bitcode_are_made_alike) {
  expect_same({"clang-14", "-fno-integrated-as", "-c", "-g", "f.c"});
  expect_same({"clang-14", "-no-integrated-as", "-Wa,--noexecstack", "-c", "start.S", "-Ilib"});
  expect_same({"clang-14", "-emit-llvm", "-c", "-O2", "f.c"});
  expect_same({"clang-14", "-emit-llvm", "-S", "-MD", "f.c"});
  expect_same({"clang-14", "-emit-llvm", "-c", "f.c", "-o", "odd/f.x"});
  EXPECT_EQ(reason({"clang-14", "-emit-llvm", "f.c"}), "bitcode");
}

TEST_F(Clang, the_machines_own_processor_is_named) {
  expect_same({"clang-14", "-O3", "-march=native", "-c", "-g", "f.c"});
  expect_same({"clang-14", "-O3", "-march=native", "-mno-avx2", "-S", "f.c"});
  expect_same({"clang++-14", "-mtune=native", "-mavx2", "-S", "-emit-llvm", "b.cc", "-Ilib"});
  expect_same({"clang-14", "-march=native", "-mtune=generic", "-mcmodel=large", "-S", "-emit-llvm", "f.c"});
  write("m.c", "#ifdef __AVX2__\n#include \"inc/own.h\"\n#endif\nint f;\n");
  expect_same({"clang-14", "-march=native", "-MD", "-c", "m.c"});
  EXPECT_EQ(reason({"clang-14", "-c", "-march=native", "-frecord-command-line", "f.c"}), "native-processor");
  for (const std::string& word :
       command_of(inferred({"clang-14", "-c", "-march=native", "f.c"}).thunk).arguments) {
    EXPECT_EQ(word.find("native"), std::string::npos) << word;
  }
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

TEST_F(Clang, fragments_of_a_compilation_database_are_as_clang_leaves_them) {
  write("g.c", "int g(void) { int unused; return 1; }\n");
  for (int round = 0; round < 2; ++round) {
    expect_same({"clang-14", "-MJ", "g.o.json", "-c", "-O2", "-Wall", "g.c"});
    expect_same({"clang-14", "-MJg.json", "-S", "g.c", "-o", "out.s"});
    expect_same({"clang-14", "-MJ", "out.i.json", "-E", "g.c", "-o", "out.i"});
    expect_same({"clang-14", "-MJ", "g.json", "-save-temps", "-c", "g.c", "-o", "/dev/null"});
  }
  EXPECT_EQ(inferred({"clang-14", "-MJ", "x.json", "g.o", "-shared", "-o", "x.so"}).outputs.size(), 1U);
  EXPECT_EQ(reason({"clang-14", "-MJ", "all.json", "-c", "g.c"}), "compilation-database")
      << "others add to it";
  EXPECT_EQ(reason({"clang-14", "-MJ", "g.json", "g.c"}), "compilation-database") << "has random names";
  EXPECT_EQ(reason({"clang-14", "-MJ", "g.json", "-fsyntax-only", "g.c"}), "compilation-database");
  EXPECT_EQ(reason({"clang-14", "-MJ", "-", "-c", "g.c"}), "compilation-database");
}

}  // namespace
}  // namespace model
