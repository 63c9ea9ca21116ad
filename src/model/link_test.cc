#include "model/trial.hh"

namespace model {
namespace {

class Link : public Trial {
 protected:
  void SetUp() override {
    write("main.c", "int f(void); int main(void) { return f(); }\n");
    write("f.c", "#include <math.h>\nint f(void) { return (int)floor(2.5); }\n");
    write("m.cc", "#include <iostream>\nint main() { std::cout << 1; }\n");
    run({"gcc", "-fPIC", "-c", "main.c", "f.c"});
    run({"g++", "-c", "m.cc"});
  }

  void run(const std::vector<std::string>& argv, const std::string& directory = "") {
    const base::Completed done = run_here(argv, directory);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
};

TEST_F(Link, executables_are_the_linkers_own) {
  expect_same({"gcc", "main.o", "f.o", "-o", "prog", "-lm"});
  expect_same({"gcc", "main.o", "f.o", "-static", "-o", "prog.static", "-lm", "-pthread"});
  expect_same({"g++", "m.o"});
  expect_same({"gcc", "-g", "-rdynamic", "-Wl,-Map=prog.map,--cref,--gc-sections", "main.o", "f.o", "-lm"});
  expect_same({"gcc", "-O2", "-s", "-no-pie", "-o", "one", "main.c", "f.c", "-lm"});
  expect_same({"gcc", "-r", "-nostdlib", "-o", "both.o", "main.o", "f.o"});
  EXPECT_FALSE(inferred({"gcc", "-r", "-nostdlib", "-o", "both.o", "main.o", "f.o"}).outputs[0].executable);
  expect_same({"gcc", "-Wl,--sort-section,alignment", "-o", "prog", "main.o", "f.o"});
}

TEST_F(Link, rules_that_the_drivers_own_include_are_there) {
  for (const char* const option : {"-fopenmp", "-fgnu-tm", "-ftree-parallelize-loops=2"}) {
    expect_same({"gcc", option, "main.o", "f.o", "-lm"});
  }
  expect_same({"gcc", "-fsanitize=undefined", "-static-libubsan", "main.o", "f.o", "-lm"});
}

TEST_F(Link, the_compiler_that_optimises_at_link_time_is_there) {
  run({"gcc", "-flto", "-O2", "-g", "-fPIC", "-c", "main.c", "f.c"});
  expect_same({"gcc", "-flto", "-O2", "-g", "main.o", "f.o", "-lm"});
  expect_same({"gcc", "-flto=auto", "-fno-fat-lto-objects", "-O2", "main.o", "f.o", "-lm", "-o", "auto"});
  expect_same({"gcc", "-flto=2", "-flto-partition=max", "-O2", "main.o", "f.o", "-lm", "-o", "two"});
  expect_same({"gcc", "-flto", "-shared", "main.o", "f.o", "-lm", "-o", "libboth.so"});
  expect_same({"gcc", "-flto", "-O2", "main.c", "f.c", "-lm", "-o", "one"});
}

TEST_F(Link, files_that_the_compiler_makes_at_link_time_under_names_of_its_own_are_declined) {
  run({"gcc", "-flto", "-fPIC", "-c", "main.c", "f.c"});
  for (const std::string option : {"--coverage", "-fstack-usage", "-fcallgraph-info"}) {
    EXPECT_EQ(reason({"gcc", "-flto", option, "main.o", "f.o", "-lm", "-o", "x"}), "files-beside") << option;
    // Nothing but the objects asks for it here.
    EXPECT_EQ(reason({"gcc", option, "main.o", "f.o", "-lm", "-o", "x"}), "files-beside") << option;
    const auto again = models_.infer_again(invocation({"gcc", option, "main.o", "f.o", "-lm", "-o", "x"}));
    ASSERT_TRUE(again);
    const auto* declined = std::get_if<Declined>(&*again);
    EXPECT_EQ(declined == nullptr ? "" : declined->reason, "files-beside") << option;
  }
  run({"ar", "rcs", "libf.a", "f.o"});
  EXPECT_EQ(reason({"gcc", "--coverage", "-shared", "libf.a", "-o", "x"}), "files-beside");
  for (const std::string how : {"-flto", "-fno-common"}) {  // the object is still to be made
    const Inferred object = inferred({"gcc", how, "-fPIC", "-c", "f.c"});
    promises_[path("f.o")] = object::Promise{object.thunk, "f.o"};
    const Inferred archive = inferred({"ar", "rcs", "new.a", "f.o"});
    write("promised.a", "");
    promises_[path("promised.a")] = object::Promise{archive.thunk, "new.a"};
    const std::string expected = how == "-flto" ? "files-beside" : "";
    EXPECT_EQ(reason({"gcc", "--coverage", "-shared", "f.o", "-o", "x"}), expected) << how;
    EXPECT_EQ(reason({"gcc", "--coverage", "-shared", "promised.a", "-o", "x"}), expected) << how;
  }
  promises_.clear();
  run({"gcc", "-flto", "--coverage", "main.o", "f.o", "-lm", "-o", "x"});
  EXPECT_TRUE(base::read_file_if_there(path("x.wpa.gcno")));
  run({"gcc", "-flto", "-fstack-usage", "main.o", "f.o", "-lm", "-o", "x"});
  EXPECT_TRUE(base::read_file_if_there(path("x.ltrans0.ltrans.su")));

  const std::vector<std::string> link = {"gcc", "main.o", "f.o", "-lm", "-Wl,-plugin-opt=dwo_dir=x_dwo"};
  EXPECT_EQ(reason(link), "files-beside");
  EXPECT_EQ(reason({"gcc", "main.o", "f.o", "-lm", "-Wl,-plugin-opt=sample-profile=x"}), "plugin");
  EXPECT_EQ(reason({"gcc", "main.o", "f.o", "-lm", "-Wl,-plugin-opt=tools/bin/../lto-wrapper"}), "");
  run({"clang-14", "-flto", "-gsplit-dwarf", "-g", "-fPIC", "-c", "main.c", "f.c"});
  const std::vector<std::string> split = {"clang-14", "-flto", "-gsplit-dwarf", "-g", "main.o",
                                          "f.o",      "-lm",   "-shared",       "-o", "y.so"};
  EXPECT_EQ(reason(split), "files-beside");
  run(split);
  EXPECT_TRUE(std::filesystem::is_directory(path("y.so_dwo")));
}

TEST_F(Link, sections_that_are_shuffled_are_declined) {
  EXPECT_EQ(reason({"clang-14", "-fuse-ld=lld", "-Wl,--shuffle-sections=.text=0", "main.o", "f.o", "-lm"}),
            "random-order");
}

TEST_F(Link, objects_that_ask_for_the_compiler_without_an_option_get_it_at_the_second_try) {
  run({"gcc", "-flto", "-fPIC", "-c", "main.c", "f.c"});
  const std::vector<std::string> argv{"gcc", "main.o", "f.o", "-lm"};
  EXPECT_NE(run_thunk(inferred(argv).thunk).completed.exit_code, 0);
  const auto again = models_.infer_again(invocation(argv));
  const Ran ran = run_thunk(std::get<Inferred>(kept(again.value())).thunk);
  run(argv);
  EXPECT_EQ(ran.outputs.at("a.out"), base::read_file(path("a.out")));
}

TEST_F(Link, files_behind_the_linkers_own_options_are_inputs_and_outputs) {
  write("words.rsp", "--gc-sections -Map=from-file.map 'f.o'\n");
  expect_same({"gcc", "main.o", "-Wl,@words.rsp", "-lm"});
  EXPECT_EQ(inferred({"gcc", "main.o", "-Wl,@words.rsp", "-lm"}).outputs.size(), 2U);
  expect_same({"gcc", "main.o", "f.o", "-Wl,--dependency-file=link.d", "-lm", "-o", "prog"});
  write("order.ld", "SECTIONS { .odd : { *(.odd) } } INSERT AFTER .data;\n");
  write("names.list", "{ f; };\n");
  expect_same({"gcc", "main.o", "f.o", "-Wl,-T,order.ld", "-Xlinker", "--dynamic-list=names.list", "-lm"});
  write("f.map", "{ global: f; local: *; };\n");
  expect_same({"gcc", "-shared", "f.o", "-Xlinker", "--version-script", "-Xlinker", "f.map", "-o", "v.so"});
}

TEST_F(Link, shared_libraries_and_what_they_need_are_inputs) {
  write("lib.map", "V1 { global: f; local: *; };\n");
  expect_same(
      {"gcc", "-shared", "-o", "libf.so.1", "-Wl,-soname,libf.so.1,--version-script=lib.map", "f.o", "-lm"});
  ASSERT_EQ(::symlink("libf.so.1", path("libf.so").c_str()), 0);
  write("g.c", "int f(void); int g(void) { return f(); }\n");
  expect_same({"gcc", "-shared", "-fPIC", "g.c", "-o", "libg.so", "-L.", "-lf"});
}

TEST_F(Link, libraries_are_found_as_ld_finds_them) {
  base::make_directories(path("one"));
  base::make_directories(path("two"));
  run({"ar", "rcs", "two/libf.a", "f.o"});
  expect_same({"gcc", "main.o", "-Lone", "-Ltwo", "-lf", "-lm"});
  run({"gcc", "-shared", "-o", "one/libf.so", "f.o"});
  expect_same({"gcc", "main.o", "-Lone", "-Ltwo", "-lf", "-lm"});
  expect_same({"gcc", "main.o", "-Lone", "-Ltwo", "-Wl,-Bstatic", "-lf", "-Wl,-Bdynamic", "-lm"});
  expect_same({"gcc", "main.o", "-Lone", "-Ltwo", "-l:libf.a", "-lm"});
  write("one/libscript.so", "/* x */ GROUP ( libf.so AS_NEEDED ( -lm ) )\n");
  expect_same({"gcc", "main.o", "-Lone", "-lscript"});
  EXPECT_EQ(reason({"gcc", "main.o", "-lnowhere"}), "missing-library");
  EXPECT_EQ(reason({"gcc", "main.o", "absent.o"}), "missing-input");
}

TEST_F(Link, a_library_needed_by_a_library_is_looked_into) {
  base::make_directories(path("lib"));
  write("g.c", "int f(void); int g(void) { return f(); }\n");
  write("h.c", "int g(void); int main(void) { return g(); }\n");
  run({"gcc", "-shared", "-o", "lib/libf.so", "f.o", "-lm"});
  run({"gcc", "-shared", "-fPIC", "-o", "lib/libg.so", "g.c", "-Llib", "-lf"});
  run({"gcc", "-c", "h.c"});
  expect_same({"gcc", "h.o", "-Llib", "-lg", "-Wl,-rpath-link,lib"});
  expect_same({"gcc", "h.o", "-Llib", "-lg"});  // ld warns that libf.so is not found, and fails for f
}

TEST_F(Link, archives_come_out_the_same_and_old_ones_are_inputs) {
  expect_same({"ar", "rcs", "libx.a", "main.o"});
  expect_same({"ar", "cru", "libx.a", "f.o"});
  expect_same({"ar", "q", "libx.a", "m.o"});
  expect_same({"ranlib", "libx.a"});
  expect_same({"ar", "d", "libx.a", "main.o"});
  expect_same({"ar", "rcsT", "thin.a", "main.o", "f.o"});
  expect_same({"ar", "rcsT", "thin.a", "m.o"});
  expect_same({"gcc", "-o", "t", "main.o", "-Wl,--whole-archive", "libx.a", "-Wl,--no-whole-archive",
               "-lstdc++", "-lm"});
  write("objects.rsp", "main.o\nf.o\n");
  expect_same({"ar", "qc", "r.a", "@objects.rsp"});
  expect_same({"gcc", "@objects.rsp", "-lm"});
  EXPECT_EQ(reason({"ar", "t", "libx.a"}), "query");
  EXPECT_EQ(reason({"ar", "x", "libx.a"}), "unknown-outputs");
  EXPECT_EQ(reason({"ar", "rcU", "libx.a", "f.o"}), "unknown-option");
}

TEST_F(Link, the_compilers_wrappers_of_ar_and_ranlib_bring_program_and_plugin) {
  expect_same({"gcc-ar", "rcs", "lib.a", "main.o", "f.o"});
  run({"gcc", "-flto", "-c", "f.c", "-o", "lto.o"});
  expect_same({"gcc-ar", "csrD", "liblto.a", "lto.o"});
  run({"ar", "rcSD", "unindexed.a", "lto.o"});
  expect_same({"gcc-ranlib", "unindexed.a"});
}

TEST_F(Link, llvm_ar_is_an_ar_and_a_ranlib) {
  expect_same({"llvm-ar-14", "rcs", "lib.a", "main.o", "f.o"});
  expect_same({"llvm-ar-14", "qc", "new.a", "main.o"});
  expect_same({"llvm-ar-14", "cru", "lib.a", "f.o", "m.o"});
  run({"llvm-ar-14", "rcS", "lib.a", "main.o", "f.o"});
  expect_same({"llvm-ranlib-14", "lib.a"});
  EXPECT_EQ(reason({"llvm-ar-14", "t", "lib.a"}), "query");
  EXPECT_EQ(reason({"llvm-ar-14", "rcsL", "lib.a", "f.o"}), "unknown-option");
}

TEST_F(Link, strip_and_objcopy_make_a_file_of_another_or_change_it_in_place) {
  run({"gcc", "-g", "-o", "prog", "main.c", "f.c", "-lm"});
  write("data.bin", "some bytes");
  write("keep.txt", "main\n");
  expect_same({"strip", "-o", "stripped", "prog"});
  EXPECT_TRUE(inferred({"strip", "-o", "stripped", "prog"}).outputs[0].executable);
  expect_same({"objcopy", "--only-keep-debug", "prog", "prog.debug"});
  expect_same({"objcopy", "--strip-debug", "--add-gnu-debuglink=prog.debug", "prog"});
  expect_same({"objcopy", "-I", "binary", "-O", "elf64-x86-64", "-B", "i386:x86-64", "data.bin", "data.o"});
  expect_same({"objcopy", "--update-section", ".comment=data.bin", "--keep-symbols", "keep.txt",
               "--dump-section=.comment=comment.txt", "main.o", "other.o"});
  expect_same({"strip", "-R.comment", "--strip-unneeded", "prog", "m.o"});
  run({"ar", "rcs", "lib.a", "main.o", "f.o"});
  expect_same({"strip", "-g", "lib.a"});
  run({"ar", "rcsT", "thin.a", "main.o"});
  EXPECT_EQ(reason({"strip", "thin.a"}), "odd-archive");
  EXPECT_EQ(reason({"strip", "-p", "prog"}), "file-times");
  EXPECT_EQ(reason({"strip", "--strange", "prog"}), "unknown-option");
  EXPECT_EQ(reason({"objcopy", "prog", "/dev/null"}), "special-output");
  ASSERT_EQ(::link(path("prog").c_str(), path("twin").c_str()), 0);
  EXPECT_EQ(reason({"strip", "prog"}), "special-output") << "the twin changes, too";
}

TEST_F(Link, ld_and_as_by_themselves) {
  write("s.s", ".globl _start\n_start: ret\n");
  expect_same({"as", "--64", "-o", "s.o", "s.s"});
  run({"as", "-o", "s.o", "s.s"});
  expect_same({"ld", "-o", "s", "s.o"});
  expect_same({"ld", "-r", "-o", "r.o", "s.o", "f.o"});
  expect_same(
      {"ld", "-o", "s", "s.o", "f.o", "-lm", "-lc", "-dynamic-linker", "/lib64/ld-linux-x86-64.so.2"});
  EXPECT_EQ(reason({"ld", "--strange", "s.o"}), "unknown-option");
  EXPECT_EQ(reason({"as", "-o", "s.o"}), "standard-input");
}

TEST_F(Link, a_promised_library_brings_the_inputs_of_its_own_link) {
  run({"gcc", "-shared", "-o", "libdeep.so", "f.o", "-lm"});
  write("g.c", "int f(void); int g(void) { return f(); }\n");
  run({"gcc", "-fPIC", "-c", "g.c"});
  const Inferred library = inferred({"gcc", "-shared", "-o", "libg.so", "g.o", "libdeep.so"});
  write("libg.so", "a placeholder");
  promises_[path("libg.so")] = {library.thunk, "libg.so"};
  const Inferred program = inferred({"gcc", "-o", "p", "main.o", "-L.", "-lg"});
  const auto leaves = leaves_of(program.thunk);
  EXPECT_TRUE(std::holds_alternative<object::Promise>(leaves.at(path("libg.so"))));
  EXPECT_TRUE(leaves.contains(path("libdeep.so")));
}

// libg.so is linked with libdeep.so, which is needed by another name, and made by a command that compiles,
// too.
TEST_F(Link, who_links_a_library_of_this_run_has_one_thunk_whether_the_library_is_promised_or_there) {
  base::make_directories(path("deep"));
  run({"gcc", "-shared", "-Wl,-soname,libdeep.so.1", "-o", "deep/libdeep.so.1.0", "f.o", "-lm"});
  (void)::symlink("libdeep.so.1.0", path("deep/libdeep.so.1").c_str());
  (void)::symlink("libdeep.so.1", path("deep/libdeep.so").c_str());
  write("g.c", "int f(void); int g(void) { return f(); }\n");
  write("h.c", "int g(void); int main(void) { return g(); }\n");
  run({"gcc", "-c", "h.c"});
  const std::vector<std::string> command{"gcc",
                                         "-fPIC",
                                         "-shared",
                                         "-o",
                                         "libg.so.2",
                                         "g.c",
                                         "-Ldeep",
                                         "-ldeep",
                                         "-lz",
                                         "-Wl,-rpath," + path("deep"),
                                         "-Wl,-soname,libg.so.2"};
  const Inferred library = inferred(command);
  (void)::symlink("libg.so.2", path("libg.so").c_str());
  write("libg.so.2", "a placeholder");
  promises_[path("libg.so.2")] = {library.thunk, "libg.so.2"};
  auto promised = leaves_of(inferred({"gcc", "-o", "p", "h.o", "-L.", "-lg"}).thunk);
  promises_.clear();
  run(command);
  auto there = leaves_of(inferred({"gcc", "-o", "p", "h.o", "-L.", "-lg"}).thunk);
  EXPECT_TRUE(promised.contains(path("deep/libdeep.so.1")));
  EXPECT_TRUE(std::holds_alternative<object::Promise>(promised.at(path("libg.so.2"))));
  EXPECT_TRUE(std::holds_alternative<object::File>(there.at(path("libg.so.2"))));
  promised.erase(path("libg.so.2"));
  there.erase(path("libg.so.2"));
  EXPECT_EQ(promised, there);
  expect_same({"gcc", "-o", "p", "h.o", "-L.", "-lg"});
}

TEST_F(Link, other_linkers_make_the_bytes_that_they_make_here) {
  run({"gcc", "-c", "-g", "-fPIC", "-ffunction-sections", "main.c", "f.c"});
  run({"gcc", "-shared", "-o", "libf.so", "f.o"});
  write("f.map", "{ global: *; };");
  for (const std::string linker : {"bfd", "gold", "lld", "mold"}) {
    for (const std::string driver : {"gcc", "clang-14"}) {
      const std::string chosen = "-fuse-ld=" + linker;
      expect_same({driver, chosen, "-o", "prog", "main.o", "f.o", "-lm"});
      expect_same({driver, chosen, "-Wl,--gc-sections,--as-needed", "-o", "prog", "main.o", "-L.", "-lf",
                   "-lm", "-Wl,-rpath,/x"});
      expect_same({driver, chosen, "-shared", "-Wl,--version-script=f.map", "-o", "v.so", "f.o"});
    }
    expect_same({"gcc", "-fuse-ld=" + linker, "-static", "-o", "prog", "main.o", "f.o", "-lm"});
    expect_same({"ld." + linker, "-o", "both.so", "-shared", "main.o", "f.o"});
  }
  expect_same(
      {"gcc", "-fuse-ld=gold", "-Wl,--icf=all,--gdb-index,--threads", "-o", "prog", "main.o", "f.o", "-lm"});
  expect_same(
      {"clang-14", "-fuse-ld=lld", "-Wl,--icf=all,--threads=1,-O2", "-o", "prog", "main.o", "f.o", "-lm"});
  expect_same(
      {"gcc", "-fuse-ld=mold", "-Wl,--icf=all,--thread-count=1", "-o", "prog", "main.o", "f.o", "-lm"});
  expect_same({"mold", "-o", "both.so", "-shared", "main.o", "f.o"});
  expect_same({"ld.gold", "-o", "prog", "main.o", "f.o", "-lm", "-lc", "-e", "main"});
  EXPECT_EQ(reason({"ld.lld", "-o", "prog", "main.o", "f.o", "-lm"}), "missing-library")
      << "it has no directories";
  EXPECT_EQ(reason({"mold", "-run", "true"}), "unknown-option");
  EXPECT_EQ(reason({"gcc", "-fuse-ld=other", "main.o"}), "other-linker");
}

TEST_F(Link, clang_optimises_at_link_time_with_lld) {
  run({"clang-14", "-flto=thin", "-O2", "-c", "main.c", "f.c"});
  expect_same({"clang-14", "-flto=thin", "-O2", "-fuse-ld=lld", "-o", "prog", "main.o", "f.o", "-lm"});
}

TEST_F(Link, llvm_strip_and_objcopy_do_the_same_as_here) {
  run({"gcc", "-g", "-o", "prog", "main.c", "f.c", "-lm"});
  expect_same({"llvm-objcopy-14", "--only-keep-debug", "prog", "prog.debug"});
  run({"llvm-objcopy-14", "--only-keep-debug", "prog", "prog.debug"});
  expect_same({"llvm-strip-14", "-o", "stripped", "prog"});
  expect_same({"llvm-objcopy-14", "--strip-all-gnu", "--add-gnu-debuglink=prog.debug", "prog", "other"});
  run({"gcc", "-gsplit-dwarf", "-c", "main.c", "f.c"});
  expect_same({"llvm-objcopy-14", "--split-dwo=main.dwo", "main.o", "cut.o"});
  run({"ar", "rcs", "lib.a", "main.o", "f.o"});
  expect_same({"llvm-strip-14", "-g", "lib.a"});
  EXPECT_EQ(reason({"llvm-strip-14", "-p", "prog"}), "file-times");
}

TEST_F(Link, tools_that_only_read_run_here_and_say_so) {
  for (const std::string tool :
       {"nm", "readelf", "size", "gcc-nm", "llvm-nm-14", "llvm-readelf-14", "llvm-size-14"}) {
    EXPECT_EQ(reason({tool, "main.o"}), "reads-only");
  }
}

}  // namespace
}  // namespace model
