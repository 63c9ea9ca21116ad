#include "model/trial.hh"

namespace model {
namespace {

class Compile : public Trial {
 protected:
  void SetUp() override {
    write("a.c",
          "#include <stdio.h>\n#include \"inc/own.h\"\n#include <lib.h>\n"
          "int main(void) { int unused; return OWN + LIB; }\n");
    write("inc/own.h", "#include \"deep/../sub.h\"\n#define OWN SUB\n");
    write("inc/sub.h", "#pragma once\n#define SUB 1\n");
    write("inc/deep/empty.h", "");
    write("lib/lib.h", "#define LIB 2\n");
    write("b.cc", "#include <vector>\n#include <lib.h>\nstd::vector<int> v{LIB};\n");
    write("start.S", "#include <lib.h>\n.globl _s\n_s: .long LIB\n");
    write("d.c", "#include <lib.h>\nint d = LIB;\n");
    write("plain.s", ".globl _p\n_p: .long 7\n");
  }
};

TEST_F(Compile, a_thunk_makes_the_bytes_that_the_real_command_makes) {
  expect_same({"gcc", "-c", "a.c", "-Ilib", "-o", "a.o"});
  expect_same({"gcc", "-c", "-g", "-O2", "-Wall", "a.c", "-I", "lib"});
  expect_same({"gcc", "-S", "-Ilib", "a.c"});
  expect_same({"g++", "-c", "-g", "-std=c++20", "b.cc", "-isystem", "lib"});
  expect_same({"cc", "-c", "start.S", "-Ilib"});
  expect_same({"c++", "-c", "plain.s"});
  expect_same({"gcc", "-c", "a.c", "start.S", "plain.s", "-Ilib"});
}

TEST_F(Compile, preprocessed_text_goes_to_a_file) {
  expect_same({"gcc", "-E", "-Ilib", "a.c", "-o", "a.i"});
  expect_same({"gcc", "-E", "-P", "-xassembler-with-cpp", "-Ilib", "start.S", "-o", "inc/start.s"});
  expect_same({"g++", "-E", "-dD", "-CC", "-Ilib", "b.cc", "-o", "b.ii"});
}

TEST_F(Compile, what_the_stages_hand_on_is_kept) {
  for (const std::string compiler : {"gcc", "clang-14"}) {
    expect_same({compiler, "-save-temps", "-c", "-g", "a.c", "-Ilib"});
    expect_same({compiler, "-save-temps=obj", "-MD", "-c", "a.c", "-Ilib", "-o", "inc/x.o"});
    expect_same({compiler, "-save-temps=cwd", "-Wall", "-c", "a.c", "-Ilib", "-o", "inc/y.o"});
    expect_same({compiler, "-save-temps", "-S", "-O2", "d.c", "-Ilib"});
    expect_same({compiler, "-save-temps", "-E", "d.c", "-Ilib", "-o", "d.i"});
    expect_same({compiler, "-save-temps", "-c", "a.c", "start.S", "plain.s", "-Ilib"});
    expect_same({compiler, "-save-temps", "a.c", "d.c", "-Ilib", "-o", "inc/prog"});
    expect_same({compiler, "-save-temps", "a.c", "d.c", "-Ilib", "-o", "inc/prog"});  // over the first ones
    expect_same({compiler, "-save-temps=obj", "a.o", "-o", "prog"});
  }
  expect_same({"g++", "-save-temps", "-c", "-g", "b.cc", "-isystem", "lib"});
  expect_same({"gcc", "-save-temps", "-gsplit-dwarf", "-fstack-usage", "-g", "-c", "d.c", "-Ilib"});
  EXPECT_GT(inferred({"gcc", "-save-temps", "-c", "d.c", "-Ilib"}).outputs.size(), 2U);
}

TEST_F(Compile, what_goes_nowhere_leaves_its_diagnostics_and_its_depfile) {
  write("fails.c", "int f(void) { return g }\n");
  for (const std::string compiler : {"gcc", "clang-14"}) {
    for (const std::vector<std::string>& how :
         std::vector<std::vector<std::string>>{{"-c"},
                                               {"-S", "-O2"},
                                               {"-E"},
                                               {"d.c"},
                                               {"-c", "-MD", "-MF", "a.d"},
                                               {"-c", "-MD", "-MF", "-"},
                                               {"-c", "-MD", "-MT", "x", "-MF", "/dev/null"}}) {
      std::vector<std::string> argv = {compiler, "-Wall", "-Ilib", "a.c", "-o", "/dev/null"};
      argv.insert(argv.end(), how.begin(), how.end());
      expect_same(argv);
      EXPECT_LE(inferred(argv).outputs.size(), 1U);
    }
    expect_same({compiler, "-c", "fails.c", "-o", "/dev/null"});
    expect_same({compiler, "-MD", "-MF", "-", "-c", "a.c", "-Ilib"});
    expect_same({compiler, "-save-temps", "-c", "a.c", "-Ilib", "-o", "/dev/null"});
  }
}

TEST_F(Compile, cpp_is_a_compiler_that_stops_behind_the_preprocessor) {
  write("t.in", "#include <lib.h>\nvalue = LIB ONE\n");
  expect_same({"cpp", "-Ilib", "t.in", "t.out"});
  expect_same({"cpp", "-P", "-traditional-cpp", "-undef", "-DONE=1", "-I", "lib", "t.in", "-o", "t.out"});
  expect_same({"cpp", "-Ilib", "a.c", "a.i"});
  expect_same({"cpp-12", "-Ilib", "-include", "inc/sub.h", "start.S", "inc/start.s"});
  expect_same({"cpp", "inc/own.h", "own.i"});
  for (const std::string suffix : {".i", ".ii", ".s", ".CPP", ".hpp", ".f90", ".c++"}) {
    write("of" + suffix,
          "#include \"lib.h\"\n#ifdef __cplusplus\n1\n#endif\n#ifdef __ASSEMBLER__\n2\n#endif\n");
    expect_same({"cpp", "-Ilib", "of" + suffix, "of.out"});
  }
  EXPECT_EQ(reason({"cpp", "of.m", "of.out"}), "unknown-language");
  for (const std::string source : {"of.i", "of.ii", "of.s"}) {
    ::unlink(path("out").c_str());
    EXPECT_EQ(reason({"gcc", "-E", source, "-o", "out"}), "no-output");
    EXPECT_EQ(run_here({"gcc", "-E", source, "-o", "out"}).exit_code, 0);
    EXPECT_FALSE(base::read_file_if_there(path("out"))) << source;
  }
  expect_same({"cpp", "-MM", "-Ilib", "a.c"});
  EXPECT_EQ(reason({"cpp", "-Ilib", "t.in"}), "preprocess-only") << "on standard output";
  EXPECT_EQ(reason({"cpp", "-Ilib", "t.in", "t.out", "more"}), "one-output-for-many");
  EXPECT_EQ(reason({"cpp", "-c", "a.c", "a.o"}), "unknown-option");
  EXPECT_EQ(reason({"cpp", "-Ilib", "-", "t.out"}), "standard-input");
}

TEST_F(Compile, dependencies_alone_are_told_on_standard_output) {
  expect_same({"gcc", "-MM", "-Ilib", "a.c", "start.S"});
  expect_same({"gcc", "-c", "-M", "-MP", "-MT", "x y", "-Ilib", "a.c"});
  expect_same({"clang-14", "-MM", "-Ilib", "a.c"});
  write("broken.c", "#include \"nowhere.h\"\n");
  EXPECT_NE(reason({"gcc", "-MM", "-Ilib", "broken.c"}), "");
}

TEST_F(Compile, nothing_but_diagnostics_is_made_where_only_the_syntax_is_checked) {
  write("bad.c", "int f(void) { return undeclared; }\n");
  expect_same({"gcc", "-fsyntax-only", "-Wall", "-Ilib", "a.c"});
  expect_same({"g++", "-fsyntax-only", "-c", "b.cc", "-Ilib"});
  expect_same({"gcc", "-fsyntax-only", "bad.c"});
  expect_same({"clang-14", "-fsyntax-only", "-Wall", "-Ilib", "a.c"});
}

TEST_F(Compile, headers_that_are_to_be_made_are_told_of_by_the_compiler_itself) {
  expect_same({"gcc", "-MM", "-MG", "-Ilib", "a.c"});
  expect_same({"clang-14", "-M", "-MG", "-Ilib", "a.c"});
  EXPECT_EQ(reason({"gcc", "-MM", "-MG", "a.c"}), "preprocessing-fails") << "lib.h is not there yet";
}

TEST_F(Compile, profiles_are_found_by_their_names) {
  write("hot.c",
        "int hot(int x) { return x > 3 ? 1 : 2; }\n"
        "int main(void) { int s = 0; for (int i = 0; i < 100; ++i) s += hot(i); return s == 0; }\n");
  write("profiles/.keep", "");
  EXPECT_EQ(reason({"gcc", "-O2", "-fprofile-use", "-c", "hot.c"}), "profile") << "there is none";
  for (const auto& generate : std::vector<std::vector<std::string>>{
           {"gcc", "-O2", "-fprofile-generate", "-c", "hot.c", "-o", "inc/hot.o"},
           {"gcc", "-fprofile-generate", "inc/hot.o", "-o", "hot"},
           {path("hot")},
           {"gcc", "-O2", "-fprofile-generate=profiles", "-c", "hot.c"},
           {"gcc", "-fprofile-generate", "hot.o", "-o", "hot"},
           {path("hot")}}) {
    ASSERT_EQ(run_here(generate).exit_code, 0) << generate[0];
  }
  expect_same({"gcc", "-O2", "-fprofile-use", "-c", "hot.c", "-o", "inc/hot.o"});
  expect_same(
      {"gcc", "-O2", "-fprofile-use", "-fprofile-correction", "-MD", "-S", "hot.c", "-o", "inc/hot.s"});
  expect_same({"gcc", "-O2", "-fprofile-use=profiles", "-c", "hot.c"});
  expect_same({"gcc", "-O2", "-fprofile-use=" + path("profiles"), "-c", "hot.c"});
  for (const auto& generate : std::vector<std::vector<std::string>>{
           {"gcc", "-O2", "-fprofile-generate=profiles", "-c", "hot.c", "-o", "inc/../lib/./up.o"},
           {"gcc", "-fprofile-generate", "lib/up.o", "-o", "hot"},
           {path("hot")}}) {
    ASSERT_EQ(run_here(generate).exit_code, 0) << generate[0];
  }
  expect_same({"gcc", "-O2", "-fprofile-use=profiles", "-c", "hot.c", "-o", "inc/../lib/./up.o"});
}

TEST_F(Compile, charsets_are_converted_as_here) {
  write("latin.c",
        "const char* a = \"\xe4\xf6\";\n#if 'A' == 65\n#include \"inc/own.h\"\n#endif\nint b = L'\xe4';\n");
  expect_same({"gcc", "-finput-charset=ISO-8859-1", "-MD", "-c", "latin.c"});
  expect_same({"gcc", "-finput-charset=latin1", "-fexec-charset=IBM1047", "-MD", "-c", "latin.c"});
  expect_same({"gcc", "-finput-charset=L1", "-fexec-charset=EUC-JP", "-fwide-exec-charset=UTF-16LE", "-c",
               "latin.c"});
  EXPECT_EQ(reason({"gcc", "-fexec-charset=nonsense", "-c", "latin.c"}), "preprocessing-fails");
}

TEST_F(Compile, words_for_the_preprocessor_reach_it) {
  write("d.c", "#if A == 1 && B == 2 && !defined C\n#include \"inc/own.h\"\n#endif\nint d;\n");
  for (const std::string cc : {"gcc", "clang-14"}) {
    expect_same({cc, "-c", "-DC", "-Xpreprocessor", "-DA=1", "-Wp,-DB=2,-UC", "d.c"});
  }
  expect_same(
      {"gcc", "-c", "-Xpreprocessor", "-MMD", "-Xpreprocessor", "x.d", "-Xpreprocessor", "-MP", "d.c"});
  EXPECT_EQ(reason({"clang-14", "-c", "-Xpreprocessor", "-MMD", "d.c"}), "pass-through");
  EXPECT_EQ(reason({"gcc", "-c", "-Xpreprocessor", "-MMD", "-O2", "-Xpreprocessor", "x.d", "d.c"}),
            "unknown-option");
}

TEST_F(Compile, directories_are_found_by_every_option) {
  for (const std::string cc : {"gcc", "clang-14"}) {
    expect_same({cc, "-c", "-MD", "-iprefix", "li", "-iwithprefix", "b", "a.c"});
    expect_same({cc, "-c", "-MD", "-iprefix", path("li"), "-iwithprefixbefore", "b", "a.c"});
    expect_same({cc, "-c", "-MD", "--sysroot=" + path(""), "-I=lib", "-nostdinc", "d.c"});
  }
  write("quoted/lib.h", "#define LIB 3\n");
  write("split.c", "#include \"lib.h\"\nint quoted = LIB;\n#undef LIB\n#include <lib.h>\nint d = LIB;\n");
  expect_same({"gcc", "-c", "-MD", "-Iquoted", "-I-", "-Ilib", "split.c"});
}

TEST_F(Compile, tools_are_found_where_the_command_says) {
  const std::string tools = path("tools");
  base::make_directories(tools);
  std::filesystem::copy_file("/usr/bin/as", tools + "/as");
  write("tools/include/lib.h", "#define LIB 5\n");
  expect_same({"gcc", "-B" + tools, "-MD", "-c", "a.c"});
  expect_same({"gcc", "-B", tools + "/", "-MD", "-c", "a.c", "-o", "inc/a.o"});
  const auto leaves = leaves_of(inferred({"gcc", "-B" + tools, "-c", "a.c"}).thunk);
  expect_same({"gcc", "-Btools", "-MD", "-c", "a.c"});
  expect_same({"gcc", "-B", "../tools/", "-MD", "-c", "../a.c", "-o", "a.o"}, "inc");
  EXPECT_EQ(leaves_of(inferred({"gcc", "-Btools", "-c", "a.c"}).thunk).size(), leaves.size());
  EXPECT_TRUE(leaves.contains(tools + "/as"));
  EXPECT_FALSE(leaves_of(inferred({"gcc", "-c", "-Ilib", "a.c"}).thunk).contains(tools + "/as"));
}

TEST_F(Compile, an_empty_part_of_the_path_leads_to_tools_in_the_working_directory) {
  write("a.c", "int a;\n");
  std::filesystem::copy_file("/usr/bin/as", path("as"));
  environment_["PATH"] = std::string(kPath) + ":";
  EXPECT_EQ(leaves_of(inferred({"/usr/bin/gcc", "-c", "a.c"}).thunk).count(path("as")), 0U);
  environment_["PATH"] = ":" + std::string(kPath);
  EXPECT_EQ(leaves_of(inferred({"/usr/bin/gcc", "-c", "a.c"}).thunk).count(path("as")), 1U);
  expect_same({"/usr/bin/gcc", "-c", "a.c"});
}

TEST_F(Compile, the_machines_own_processor_is_named) {
  expect_same({"gcc", "-S", "-O3", "-march=native", "-Ilib", "a.c"});
  expect_same({"gcc", "-c", "-mtune=native", "-O2", "-mno-avx", "-Ilib", "a.c", "-o", "t.o"});
  expect_same({"g++", "-c", "-O3", "-msse4.2", "-march=native", "--param", "l2-cache-size=2",
               "-mtune=generic", "b.cc", "-Ilib"});
  // Where options are recorded they have to be in the very order.
  expect_same({"gcc", "-c", "-g", "-O2", "-march=native", "-Ilib", "a.c"});
  expect_same(
      {"gcc", "-c", "-O2", "-ggdb3", "-mtune=native", "-mno-avx2", "-MD", "-Ilib", "a.c", "-o", "g.o"});
  expect_same({"g++", "-S", "-fverbose-asm", "-march=native", "-mtune=generic", "--param", "l2-cache-size=2",
               "b.cc", "-Ilib"});
  expect_same({"gcc", "-g", "-march=native", "-Ilib", "a.c", "d.c", "-o", "native"});
  const auto leaves = leaves_of(inferred({"gcc", "-g", "-march=native", "-c", "-Ilib", "a.c"}).thunk);
  const auto specs = std::get<object::File>(leaves.at("/usr/lib/gg-processor.specs"));
  EXPECT_EQ(store_.get(specs.digest).value().value().find("local_cpu_detect"), std::string::npos)
      << "the worker's own processor has no say";
  EXPECT_EQ(reason({"gcc", "-g", "-flto", "-march=native", "a.o"}), "native-processor");
  EXPECT_EQ(reason({"clang-14", "-c", "-grecord-gcc-switches", "-march=native", "d.c"}), "native-processor");
  expect_same({"gcc", "-S", "-fverbose-asm", "-march=native", "-Ilib", "a.c"});
  write("native.rsp", "-march=native -Ilib -DX='a b'\n");
  expect_same({"gcc", "-c", "@native.rsp", "a.c"});
  const Inferred answer = inferred({"gcc", "-c", "-march=native", "-Ilib", "a.c"});
  for (const std::string& word : command_of(answer.thunk).arguments) {
    EXPECT_EQ(word.find("native"), std::string::npos) << word;
  }
}

TEST_F(Compile, specs_are_read_and_their_words_count) {
  write("hard.specs",
        "*self_spec:\n+ %{!O0:-D_FORTIFY_SOURCE=2} -DLATE=1 -fno-PIE -no-pie\n\n*link:\n+ -z now\n");
  write("spec.c", "#if LATE\n#include <lib.h>\n#endif\nint main(void) { return LIB; }\n");
  expect_same({"gcc", "-specs=hard.specs", "-O2", "-Ilib", "-c", "spec.c"});
  expect_same({"gcc", "-specs=hard.specs", "-O2", "-Ilib", "spec.c", "-o", "spec"});
  write("odd.specs", "*cc1_options:\n+ -fplugin=annobin\n");
  EXPECT_EQ(reason({"gcc", "-specs=odd.specs", "-Ilib", "-c", "a.c"}), "specs");
  EXPECT_EQ(reason({"gcc", "-specs=nowhere.specs", "-Ilib", "-c", "a.c"}), "specs");
}

TEST_F(Compile, what_is_made_beside_the_object_is_an_output) {
  write("empty.c", "");
  write("dir.x/n", "");
  expect_same({"gcc", "-c", "-g", "-gsplit-dwarf", "-Ilib", "a.c", "start.S"});
  expect_same({"gcc", "-c", "-gsplit-dwarf", "-Ilib", "a.c", "-o", "dir.x/a.b.o"});
  expect_same({"gcc", "-c", "-g", "-gsplit-dwarf", "empty.c", "-o", "dir.x/noext"});
  expect_same({"gcc", "-c", "-fstack-usage", "-fcallgraph-info", "-Ilib", "a.c", "empty.c"});
  expect_same({"gcc", "-c", "-frandom-seed=1", "--coverage", "-Ilib", "a.c", "empty.c"});
  expect_same({"gcc", "-c", "-frandom-seed=1", "-fprofile-arcs", "-ftest-coverage", "-Ilib", "a.c", "-o",
               "dir.x/c.o"});
}

TEST_F(Compile, errors_and_warnings_are_the_compilers_own) {
  write("bad.c", "#include <stdio.h>\nint f(void) { return undeclared; }\n");
  expect_same({"gcc", "-c", "bad.c"});
  expect_same({"gcc", "-c", "-Wmissing-include-dirs", "-Inowhere", "-Ilib", "a.c"});
  EXPECT_EQ(reason({"gcc", "-c", "a.c"}), "preprocessing-fails") << "lib.h is not found without -Ilib";
  EXPECT_EQ(reason({"gcc", "-c", "absent.c"}), "missing-input");
}

TEST_F(Compile, depfiles_are_the_compilers_byte_for_byte) {
  write("odd/we ird$#.c", "#include <lib.h>\n#include \"h d.h\"\n");
  write("odd/h d.h", "");
  const std::vector<std::vector<std::string>> options = {{"-MD"},
                                                         {"-MMD"},
                                                         {"-MMD", "-MP"},
                                                         {"-MD", "-MF", "x y.d"},
                                                         {"-MMD", "-MFz.d", "-MT", "t1 $x"},
                                                         {"-MD", "-MQ", "t1 $x", "-MQ", "b"},
                                                         {"-MD", "-MT", "a", "-MP"},
                                                         {"-Wp,-MD,k.d"},
                                                         {"-Wp,-MMD,k.d", "-O2"},
                                                         {"-Wp,-MMD,.k.d,-MT,q.o"},
                                                         {"-MMD", "-MP", "-MT", "o/a.o", "-MF", "o.Tpo"}};
  expect_same_depfiles("gcc", "g++", options, 3);
  expect_same_depfile({"gcc", "-Ilib", "-MMD", "-S", "a.c"});
  expect_same_depfile({"gcc", "-Ilib", "-MD", "-c", "-o", "noext", "a.c"});
  expect_same({"gcc", "-Ilib", "-MMD", "-c", "odd/we ird$#.c"});
}

TEST_F(Compile, the_working_directory_and_symlinks_on_the_way_are_as_here) {
  ASSERT_EQ(::symlink("lib", path("link").c_str()), 0);
  ASSERT_EQ(::symlink("../a.c", path("inc/src.c").c_str()), 0);
  write("sub/dir/x.c", "#include \"../../inc/own.h\"\nint x = OWN;\n");
  expect_same({"gcc", "-g", "-c", "-Ilink", "a.c"});
  expect_same({"gcc", "-g", "-c", "-I../link/../lib", "../sub/dir/x.c", "-o", "../x.o"}, "inc");
  expect_same({"gcc", "-g", "-c", "-I" + path("lib"), path("a.c"), "-o", path("inc/abs.o")}, "sub/dir");
}

}  // namespace
}  // namespace model
