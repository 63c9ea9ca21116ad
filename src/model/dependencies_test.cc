#include "model/compiler_dependencies.hh"
#include "model/gcc_options.hh"
#include "model/netstrings.hh"
#include "model/preprocessor_options.hh"
#include "model/source_words.hh"
#include "model/trial.hh"
#include "object/hash.hh"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

// What inference is told a compile reads, against what the real compiler says under -M.
namespace model {
namespace {

class DependenciesTest : public Trial {
 protected:
  [[nodiscard]] std::string asked() const {
    std::string all;
    for (const auto& reason : models_.statistics().dependencies.asked) {
      all += reason.first + " (" + reason.second.example + ") ";
    }
    return all;
  }

  // The user's own files among the thunk's inputs, real names below the folder.
  std::set<std::string> own_inputs(const std::vector<std::string>& argv) {
    std::set<std::string> own;
    for (const auto& leaf : leaves_of(inferred(argv).thunk)) {
      if (leaf.first.starts_with(root_ + "/") && !std::holds_alternative<object::Symlink>(leaf.second)) {
        own.insert(leaf.first.substr(root_.size() + 1));
      }
    }
    return own;
  }

  // Every header that -M names, real names, is in the thunk's tree; and no other is of those that #include
  // can find.
  void expect_as_by_compiler(std::vector<std::string> argv) {
    SCOPED_TRACE(::testing::PrintToString(argv));
    std::set<std::string> scanned;
    for (const auto& leaf : leaves_of(inferred(argv).thunk)) {
      const bool header = leaf.first.starts_with(root_) || leaf.first.starts_with("/usr/include/") ||
                          leaf.first.starts_with("/usr/lib/gcc/");
      const bool tool = base_name(leaf.first).starts_with("cc1") || base_name(leaf.first) == "specs";
      if (header && !tool && !std::holds_alternative<object::Symlink>(leaf.second)) {
        scanned.insert(leaf.first);
      }
    }
    std::replace(argv.begin(), argv.end(), std::string("-c"), std::string("-M"));
    const base::Completed said = run_here(argv);
    ASSERT_EQ(said.exit_code, 0) << said.err;
    std::set<std::string> wanted;
    for (const std::string& file : prerequisites(said.out)) {
      wanted.insert(std::filesystem::canonical(path(file)).string());
    }
    EXPECT_EQ(scanned, wanted);
  }
};

TEST_F(DependenciesTest, are_those_of_the_compiler_without_asking_it) {
  write("main.c",
        "#include <stdlib.h>\n#include <errno.h>\n#include <pthread.h>\n#include \"a.h\"\n#include CONFIG\n"
        "#if defined WANTED && LEVEL > 2\n#include <wanted.h>\n#endif\n#ifdef __OPTIMIZE__\n#include "
        "\"fast.h\"\n"
        "#endif\n#if __has_include(\"none.h\")\n#include \"none.h\"\n#endif\nint main(void) { return 0; }\n");
  write("main.cc",
        "#include <map>\n#include <memory>\n#include <thread>\n#include \"a.h\"\n#if __cplusplus > 201703 "
        "and 1\n"
        "#include \"fast.h\"\n#endif\n");
  write("start.S", "#ifdef __ASSEMBLER__\n#include <wanted.h>\n#endif\n# a comment, isn't it\n");
  write("a.h", "#pragma once\n#include \"sub/b.h\"\n");
  write("sub/b.h", "#include \"../fast.h\"\n#include_next <wanted.h>\n");
  write("fast.h", "");
  write("forced.h", "#define WANTED\n");
  write("macros.h", "#define LEVEL 3\n#include \"sub/c.h\"\n");
  write("sub/c.h", "");
  write("one/wanted.h", "#include_next <wanted.h>\n");
  write("two/wanted.h", "");
  write("config.h", "");
  const std::vector<std::string> gcc = {"gcc", "-DCONFIG=\"config.h\"", "-Ione", "-isystem", "two", "-c"};
  const std::vector<std::vector<std::string>> options = {{},
                                                         {"-O2", "-g", "-Wall"},
                                                         {"-include", "forced.h", "-imacros", "macros.h"},
                                                         {"-std=c99", "-DWANTED=1", "-DLEVEL=3", "-ULEVEL"},
                                                         {"-Wp,-DWANTED,-DLEVEL=9"},
                                                         {"-ffreestanding", "-m64"},
                                                         {"-iquote", "sub", "-idirafter", "two", "-pthread"},
                                                         {"-I.", "-I./one", "-Ione/../two", "-Inowhere"}};
  for (const auto& option : options) {
    std::vector<std::string> argv = gcc;
    argv.insert(argv.end(), option.begin(), option.end());
    argv.emplace_back("main.c");
    expect_as_by_compiler(argv);
  }
  expect_as_by_compiler({"g++", "-Itwo", "-Ione", "-c", "main.cc"});
  expect_as_by_compiler({"g++", "-Itwo", "-Ione", "-std=c++20", "-fno-exceptions", "-c", "main.cc"});
  expect_as_by_compiler({"gcc", "-Itwo", "-c", "start.S"});
  environment_["CPATH"] = path("one");
  environment_["C_INCLUDE_PATH"] = path("two");
  expect_as_by_compiler({"gcc", "-DCONFIG=\"config.h\"", "-DWANTED", "-DLEVEL=3", "-c", "main.c"});
  EXPECT_EQ(asked(), "");
}

TEST_F(DependenciesTest, come_from_the_compiler_where_only_that_one_knows) {
  write("a.c", "#include \"a.h\"\nint a;\n");
  write("a.h", "");
  EXPECT_EQ(own_inputs({"gcc", "-traditional-cpp", "-c", "a.c"}), (std::set<std::string>{"a.c", "a.h"}));
  EXPECT_EQ(asked(), "option (-traditional-cpp) ");
  write("b.c", "int used = __COUNTER__;\n#if __COUNTER__ == 1\n#include \"a.h\"\n#endif\n");
  EXPECT_EQ(own_inputs({"gcc", "-c", "b.c"}), (std::set<std::string>{"b.c", "a.h"}));
  EXPECT_EQ(models_.statistics().dependencies.asked.at("counter").times, 1U);
  expect_same({"gcc", "-MD", "-c", "b.c"});
}

TEST_F(DependenciesTest, are_the_compilers_own_after_a_thunk_has_failed) {
  write("a.c", "#include \"a.h\"\n");
  write("a.h", "");
  const auto scanned = infer({"gcc", "-c", "a.c"});
  const auto again = models_.infer_again(invocation({"gcc", "-c", "a.c"}));
  ASSERT_TRUE(again && std::holds_alternative<Inferred>(*again));
  EXPECT_EQ(std::get<Inferred>(*again).thunk, std::get<Inferred>(scanned).thunk);
  EXPECT_EQ(models_.statistics().dependencies.asked.at("thunk-failed").times, 1U);
}

TEST_F(DependenciesTest, of_what_may_come_to_be_are_looked_for_anew) {
  write("a.c", "#include <h.h>\n#if __has_include(\"new.h\")\n#endif\n");
  write("two/h.h", "");
  const std::vector<std::string> argv = {"gcc", "-Ione/sub", "-Itwo", "-c", "a.c"};
  EXPECT_EQ(own_inputs(argv), (std::set<std::string>{"a.c", "two/h.h"}));
  write("new.h", "");
  EXPECT_EQ(own_inputs(argv), (std::set<std::string>{"a.c", "two/h.h", "new.h"}));
  write("one/sub/h.h", "");
  EXPECT_EQ(own_inputs(argv), (std::set<std::string>{"a.c", "one/sub/h.h", "new.h"}));
  write("one/sub/h.h", "#include \"other.h\"\n");
  write("one/sub/other.h", "");
  EXPECT_EQ(own_inputs(argv), (std::set<std::string>{"a.c", "one/sub/h.h", "one/sub/other.h", "new.h"}));
}

TEST_F(DependenciesTest, must_be_real_where_they_are_read_and_may_be_promised_where_they_are_not) {
  write("a.c", "#if __has_include(\"made.h\")\nint made;\n#endif\n");
  write("made.h", "promised");
  ASSERT_EQ(::symlink("made.h", path("link.h").c_str()), 0);
  promises_[path("made.h")] = object::Promise{object::hash("maker"), "made.h"};
  const auto leaves = leaves_of(inferred({"gcc", "-c", "a.c"}).thunk);
  EXPECT_TRUE(std::holds_alternative<object::Promise>(leaves.at(path("made.h"))));
  for (const std::string name : {"made.h", "link.h"}) {
    write("b.c", "#include \"" + name + "\"\n");
    const auto answer = infer({"gcc", "-c", "b.c"});
    ASSERT_TRUE(std::holds_alternative<MustRead>(answer)) << name;
    EXPECT_EQ(std::get<MustRead>(answer).promises, std::vector{promises_[path("made.h")]});
  }
  EXPECT_EQ(asked(), "");
}

TEST_F(DependenciesTest, that_no_thunk_has_are_a_reason_to_decline) {
  write("date.c", "const char* d = __DATE__;\n");
  write("stamp.c", "const char* d = __TIMESTAMP__;\n");
  write("asm.c", "asm(\".incbin \\\"data\\\"\");\n");
  write("asm.s", ".incbin \"data\"\n");
  for (const char* const how : {"-O1", "-traditional-cpp"}) {  // the scanner's word, and the compiler's
    EXPECT_EQ(reason({"gcc", how, "-c", "date.c"}), "date-macro") << how;
    EXPECT_EQ(reason({"gcc", how, "-c", "stamp.c"}), "date-macro") << how;
    EXPECT_EQ(reason({"gcc", how, "-c", "asm.c"}), "included-binary") << how;
    EXPECT_EQ(reason({"gcc", how, "-c", "asm.s"}), "included-binary") << how;
    EXPECT_EQ(reason({"gcc", how, "-c", "missing.c"}), "missing-input") << how;
  }
  environment_["SOURCE_DATE_EPOCH"] = "1";
  EXPECT_EQ(reason({"gcc", "-c", "date.c"}), "");
  EXPECT_EQ(reason({"gcc", "-c", "stamp.c"}), "date-macro");
}

TEST_F(DependenciesTest, that_were_compiled_before_are_noticed_wherever_gcc_takes_them) {
  write("plain.c", "int a;\n");
  write("first.c", "#include <h.h>\n");
  write("h.h", "int h;\n");
  write("two/h.h", "int h;\n");
  write("one/.keep", "");
  const std::vector<std::vector<std::string>> commands = {
      {"gcc", "-Ione", "-Itwo", "-c", "first.c"},
      {"gcc", "-Ione", "-Itwo", "-include", "h.h", "-c", "plain.c"},
      {"gcc", "-include", "two/h.h", "-c", "plain.c"},
      {"gcc", "-Ione", "-Itwo", "-traditional-cpp", "-c", "first.c"}};
  for (const auto& command : commands) {
    EXPECT_EQ(reason(command), "") << ::testing::PrintToString(command);
  }
  // What is none is looked into all the same, and complained of where that is asked for.
  const auto expect_noticed = [&](const std::set<size_t>& noticed, const std::string& header) {
    for (size_t i = 0; i < commands.size(); ++i) {
      const auto leaves = leaves_of(inferred(commands[i]).thunk);
      EXPECT_EQ(leaves.contains(path(header)), noticed.contains(i)) << i;
    }
  };
  write("two/h.h.gch", "compiled");
  expect_noticed({0, 2}, "two/h.h.gch");  // 1: ./h.h comes first; 3 runs the preprocessor by itself
  std::filesystem::remove(path("two/h.h.gch"));
  write("h.h.gch", "compiled");
  expect_noticed({1}, "h.h.gch");
  std::filesystem::remove(path("h.h.gch"));
  write("one/h.h.gch", "compiled");  // beside no header at all
  expect_noticed({0}, "one/h.h.gch");
  std::filesystem::remove(path("one/h.h.gch"));
  write("two/h.h.gch/c", "compiled");  // a folder of them, of which none fits
  expect_noticed({}, "two/h.h.gch/c");
}

TEST_F(DependenciesTest, of_modules_are_a_reason_to_decline_or_to_let_the_compiler_complain) {
  write("m.cc", "export module m;\nexport int f() { return 1; }\n");
  write("use.cc", "import m;\nint g() { return f(); }\n");
  write("unit.cc", "import <vector>;\nstd::vector<int> v;\n");
  for (const std::string source : {"m.cc", "use.cc", "unit.cc"}) {
    EXPECT_EQ(reason({"g++", "-std=c++20", "-fmodules-ts", "-c", source}), "modules");
    EXPECT_EQ(reason({"clang++-14", "-std=c++20", "-fmodules", "-c", source}), "modules");
    EXPECT_EQ(reason({"clang++-14", "-std=c++20", "-fprebuilt-module-path=.", "-c", source}), "modules");
    EXPECT_EQ(reason({"clang++-14", "-std=c++20", "-fmodule-file=m.pcm", "-c", source}), "modules");
    // Without such an option no compiler reads what another made: it says the same anywhere.
    for (const std::string compiler : {"g++", "clang++-14"}) {
      const auto answer = infer({compiler, "-std=c++20", "-c", source});
      if (std::holds_alternative<Inferred>(answer)) {
        const auto ran = run_thunk(std::get<Inferred>(answer).thunk).completed;
        const auto real = run_here({compiler, "-std=c++20", "-c", source});
        EXPECT_EQ(ran.exit_code, real.exit_code) << compiler << source;
        EXPECT_EQ(ran.err, real.err) << compiler << source;
      }
    }
  }
}

TEST_F(DependenciesTest, are_found_by_many_threads_at_once) {
  for (int i = 0; i < 8; ++i) {
    write("t" + std::to_string(i) + ".c", "#include <stdio.h>\n#include <stdlib.h>\nint t;\n");
  }
  std::vector<object::Digest> alone;
  for (int i = 0; i < 8; ++i) {
    alone.push_back(inferred({"gcc", "-c", "t" + std::to_string(i) + ".c"}).thunk);
  }
  GnuModels fresh(view_, store_, records_);
  std::vector<std::thread> threads;
  std::atomic<int> equal = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 8; ++i) {
        const auto answer = fresh.infer(invocation({"gcc", "-c", "t" + std::to_string(i) + ".c"}));
        const auto* found = std::get_if<Inferred>(&answer);
        equal += found != nullptr && found->thunk == alone[i] ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(equal, 32);
}

// A compiler that keeps count of its starts.
class KnownCompilersTest : public DependenciesTest {
 protected:
  void SetUp() override {
    base::write_file_atomically(path("cc"),
                                "#!/bin/sh\necho >>" + path("starts") + "\nexec /usr/bin/gcc \"$@\"\n", 0755);
    toolchain_.driver = path("cc");
  }

  [[nodiscard]] PreprocessingQuestion question(std::vector<std::string> options = {}) const {
    PreprocessingQuestion asked;
    asked.toolchain = &toolchain_;
    asked.argv0 = "cc";
    asked.options = std::move(options);
    asked.environment = {{"PATH", kPath}};
    asked.working_directory = root_;
    asked.source = {"a.c", Language::C};
    return asked;
  }

  [[nodiscard]] size_t starts() const { return base::read_file_if_there(path("starts")).value_or("").size(); }

  Toolchain toolchain_;
};

TEST_F(KnownCompilersTest, are_asked_once_and_not_at_all_by_the_next_server) {
  write("a.c", "#include <stddef.h>\n");
  {
    ScannedDependencies first(view_, records_, clock_);
    ASSERT_TRUE(std::holds_alternative<Preprocessing>(first.of(question()).value()));
    const size_t once = starts();
    EXPECT_GE(once, 1U);
    ASSERT_TRUE(std::holds_alternative<Preprocessing>(first.of(question({"-DX", "-Wall", "-I."})).value()));
    EXPECT_EQ(starts(), once);
    ASSERT_TRUE(std::holds_alternative<Preprocessing>(first.of(question({"-O2"})).value()));
    EXPECT_GT(starts(), once);
  }
  const size_t before = starts();
  ScannedDependencies second(view_, records_, clock_);
  ASSERT_TRUE(std::holds_alternative<Preprocessing>(second.of(question()).value()));
  ASSERT_TRUE(std::holds_alternative<Preprocessing>(second.of(question({"-O2"})).value()));
  EXPECT_EQ(starts(), before);
}

TEST_F(KnownCompilersTest, are_asked_again_when_a_directory_of_their_own_comes_to_be) {
  write("a.c", "#include <own.h>\n");
  write("root/usr/include/own.h", "");
  const PreprocessingQuestion asked = question({"--sysroot=" + path("root")});
  ScannedDependencies dependencies(view_, records_, clock_);
  const auto files = [&] { return std::get<Preprocessing>(dependencies.of(asked).value()).read; };
  EXPECT_EQ(files().back().path, path("root/usr/include/own.h"));
  write("root/usr/local/include/own.h", "");
  EXPECT_EQ(files().back().path, path("root/usr/local/include/own.h"));
}

TEST(PreprocessorOptions, are_sorted_by_what_the_scanner_does_with_them) {
  const PreprocessorOptions sorted = sort_preprocessor_options(
      gcc_options(),
      {"-Iinc", "-I", "inc2", "-DA=1", "-Wp,-DLATE", "-U", "B", "-O2", "-Wall", "-isystem", "sys", "-include",
       "f.h", "-fno-hosted", "-std=c99", "-trigraphs", "-fmacro-prefix-map=a=b"},
      {{"CPATH", "/c1:/c2"}, {"C_INCLUDE_PATH", "/c"}, {"CPLUS_INCLUDE_PATH", "/cxx"}}, true);
  EXPECT_EQ(sorted.directories.bracket, (std::vector<std::string>{"inc", "inc2", "/c1", "/c2"}));
  EXPECT_EQ(sorted.directories.system, (std::vector<std::string>{"sys", "/cxx"}));
  using What = scan::MacroAction::What;
  EXPECT_EQ(sorted.macros, (std::vector<scan::MacroAction>{
                               {What::Define, "A=1"}, {What::Undefine, "B"}, {What::Define, "LATE"}}));
  EXPECT_EQ(sorted.forced, (std::vector<scan::ForcedFile>{{scan::ForcedFile::What::Include, "f.h"}}));
  EXPECT_EQ(sorted.dialect, (std::vector<std::string>{"-O2", "-fno-hosted", "-std=c99", "-trigraphs"}));
  EXPECT_EQ(sorted.trigraphs, true);
  EXPECT_FALSE(sorted.reads_stdc_predef);
  EXPECT_TRUE(sorted.file_macros_remapped);
  EXPECT_EQ(sorted.not_scanned, "");
  EXPECT_EQ(sort_preprocessor_options(gcc_options(), {"-I=x"}, {}, false).not_scanned, "-I=x");
  EXPECT_EQ(sort_preprocessor_options(gcc_options(), {"--sysroot=x"}, {}, false).not_scanned, "--sysroot=x");
}

TEST(SourceWords, find_what_no_depfile_names) {
  EXPECT_EQ(words_of("int embed; list.include(x); // __DATE__x"), SourceWords{});
  EXPECT_TRUE(words_of("char* t = __TIME__;").date_macro);
  EXPECT_TRUE(words_of("# embed \"x\"").reads_files);
  EXPECT_TRUE(words_of("asm(\".incbin \\\"x\\\"\")").reads_files);
  EXPECT_TRUE(words_of("\t.include \"x\"").reads_files);
  EXPECT_TRUE(words_of("asm(\".incbin\\t\\\"x\\\"\")").reads_files);
}

TEST(SourceWords, of_cxx_are_no_dates_in_comments_and_literals) {
  EXPECT_EQ(words_of_cxx("X(\"__has_embed\") // #embed\n"), SourceWords{});
  EXPECT_TRUE(words_of_cxx("int a;\n # embed <x>\n").reads_files);
  EXPECT_TRUE(words_of_cxx("#if __has_embed(\"x\")\n#endif\n").reads_files);
  EXPECT_TRUE(words_of_cxx("asm(\".incbin \\\"x\\\"\");").reads_files);
  EXPECT_FALSE(
      words_of_cxx("// __DATE__\n/* __TIME__ */ X(\"__TIMESTAMP__\", R\"(\" __DATE__)\");\n").date_macro);
  EXPECT_FALSE(words_of_cxx("const char* s = \"__TIMESTAMP__\";").timestamp_macro);
  EXPECT_TRUE(words_of_cxx("// x\nconst char* s = __DATE__;\n").date_macro);
  EXPECT_TRUE(words_of_cxx("auto d = __DATE__;\n#define A\n#undef A\nint b;\n").date_macro);
  EXPECT_TRUE(words_of_cxx("int a;\n#define WHEN __TIME__ \\\n x\n").date_macro);
  EXPECT_TRUE(words_of_cxx("#define S \"x\"\nint n = 1'000; auto t = __TIMESTAMP__;\n").timestamp_macro);
}

TEST(Netstrings, give_back_what_went_in_and_survive_damage) {
  NetstringWriter writer;
  writer.count(2);
  writer.text(std::string_view("a\0b", 3));
  writer.text("");
  const std::string bytes = writer.take();
  NetstringReader reader(bytes);
  EXPECT_EQ(reader.count(), 2U);
  EXPECT_EQ(reader.text(), std::string_view("a\0b", 3));
  EXPECT_EQ(reader.text(), "");
  EXPECT_TRUE(reader.finished());
  for (const std::string_view damaged : {"", "9:x", "x:", "1", "99999999999999999999:", "3:999"}) {
    NetstringReader bad(damaged);
    EXPECT_EQ(bad.count(), 0U) << damaged;
    EXPECT_FALSE(bad.finished()) << damaged;
  }
}

}  // namespace
}  // namespace model
