#include "model/trial.hh"
#include "object/hash.hh"

namespace model {
namespace {

class Precompiled : public Trial {
 protected:
  void SetUp() override {
    write("h.h", "#include \"once.h\"\n#include <stdio.h>\n#define H 1\nint h(void);\n");
    write("once.h", "#pragma once\nint once(void);\n");
    write("late.h", "int late(void);\n");
    write("a.c",
          "#include \"h.h\"\n#include \"once.h\"\n#include \"late.h\"\n"
          "int a(void) { int unused; return h() + H + once() + late(); }\n");
    write("b.c", "#include \"late.h\"\nint b(void) { return h() + H + late(); }\n");
    write("empty.c", "");
    write("traditional.c", "#include \"once.h\"\nint t;\n");
    write("once.h.gch", "none");
    write("two/none.h", "");
  }

  void make(std::vector<std::string> argv) {
    const auto done = run_here(argv);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  // The precompiled header that a thunk makes is another one each time, as are those that the command makes.
  // It goes where the command puts it.
  void make_by_thunk(const std::vector<std::string>& argv, const std::string& output) {
    SCOPED_TRACE(::testing::PrintToString(argv));
    const Inferred answer = inferred(argv);
    const Ran ran = run_thunk(answer.thunk);
    const auto real = run_here(argv);
    EXPECT_EQ(ran.completed.exit_code, real.exit_code);
    EXPECT_EQ(ran.completed.err, real.err);
    ASSERT_FALSE(answer.outputs.empty());
    EXPECT_EQ(answer.outputs.back().path, path(output));
    ASSERT_TRUE(ran.outputs.contains(output));
    for (const WrittenNow& written : answer.written_now) {
      EXPECT_EQ(written.bytes, base::read_file_if_there(written.path).value_or("no file"));
    }
    EXPECT_TRUE(base::read_file_if_there(path(output))) << "the real command makes it elsewhere";
    write(output, ran.outputs.at(output));
  }

  [[nodiscard]] bool brings(const std::vector<std::string>& argv, const std::string& file) {
    return leaves_of(inferred(argv).thunk).contains(path(file));
  }
};

TEST_F(Precompiled, headers_are_thunks_of_gcc_that_gcc_takes) {
  const std::vector<std::vector<std::string>> ways = {
      {"gcc", "h.h"},
      {"gcc", "-O1", "-c", "h.h"},
      {"gcc", "-x", "c-header", "h.h", "-o", "h.h.gch", "-MD", "-MF", "h.d"},
      {"gcc", "-MMD", "-MP", "-Winvalid-pch", "-xc-header", "-include", "h.h", "-o", "h.h.gch", "-c",
       "empty.c"},
  };
  for (const auto& way : ways) {
    make_by_thunk(way, "h.h.gch");
    std::vector<std::string> use = {"gcc", "-MD", "-H", "-Wall", "-c", "a.c"};
    use.erase(std::find(use.begin(), use.end(), "-H"));
    if (way[1] == "-O1") {
      use.insert(use.begin() + 1, "-O1");
    }
    EXPECT_TRUE(brings(use, "h.h.gch"));
    expect_same(use);
    EXPECT_EQ(base::read_file(path("a.d")).find("stdio.h"), std::string::npos) << "it was not taken";
  }
  make_by_thunk({"g++", "h.h"}, "h.h.gch");
  make_by_thunk({"g++", "-x", "c++-header", "-g", "h.h", "-o", "two/h.h.gch"}, "two/h.h.gch");
}

TEST_F(Precompiled, headers_are_taken_as_gcc_takes_them) {
  make({"gcc", "h.h"});
  expect_same({"gcc", "-MD", "-c", "a.c"});
  expect_same({"gcc", "-MMD", "-MP", "-c", "a.c", "-o", "two/a.o"});
  expect_same({"gcc", "-Winvalid-pch", "-include", "h.h", "-MD", "-MT", "x", "-S", "b.c"});
  expect_same({"gcc", "-fsyntax-only", "-Wall", "a.c"});
  expect_same({"gcc", "-c", "a.c", "-include", "late.h", "-MD"});
  expect_same({"gcc", "-traditional-cpp", "-MD", "-c", "traditional.c"});
  EXPECT_FALSE(brings({"gcc", "-traditional-cpp", "-c", "traditional.c"}, "h.h.gch"));
  EXPECT_FALSE(brings({"gcc", "-E", "a.c", "-o", "a.i"}, "h.h.gch")) << "the preprocessor alone takes none";
  for (const std::string other : {"-O2", "-g", "-fno-pic", "-DH=2"}) {  // it does not fit any more
    expect_same({"gcc", "-Winvalid-pch", "-MD", other, "-c", "a.c"});
    EXPECT_TRUE(brings({"gcc", "-Winvalid-pch", other, "-c", "a.c"}, "h.h.gch"));
  }
  expect_same({"gcc", "-Winvalid-pch", "-MD", "-Wall", "-Werror", "-c", "a.c", "-o", "not.o"});
  // What it holds is older than the header, which is gcc's way.
  write("h.h", "#define H 7\nint h(void);\n");
  expect_same({"gcc", "-MD", "-c", "a.c"});
  ::unlink(path("h.h").c_str());
  EXPECT_EQ(reason({"gcc", "-c", "a.c"}), "precompiled-header") << "nothing tells what it needs";
}

// The preprocessor by itself would.
TEST_F(Precompiled, headers_are_not_taken_once_the_parser_has_something) {
  make({"gcc", "h.h"});
  for (const std::string before :
       {"int early;", "#pragma GCC diagnostic ignored \"-Wunused\"", "#if 1\n;\n#endif"}) {
    write("early.c", before + "\n#include \"h.h\"\nint a(void) { return h() + H; }\n");
    ASSERT_EQ(run_here({"gcc", "-MD", "-c", "early.c"}).exit_code, 0);
    EXPECT_NE(base::read_file(path("early.d")).find("stdio.h"), std::string::npos) << "it was taken";
    EXPECT_EQ(reason({"gcc", "-MD", "-c", "early.c"}), "precompiled-header") << before;
  }
  write("early.c",
        "\xef\xbb\xbf/* int i; */\n// int j;\n #  /* */ undef /*\n */ X\n#if 1 // y \"/*\n#endif\n"
        "#\tinclude \"h.h\"\nint a(void) { return h() + H; }\n");
  expect_same({"gcc", "-MD", "-c", "early.c"});
  EXPECT_EQ(base::read_file(path("early.d")).find("stdio.h"), std::string::npos) << "it was not taken";
}

TEST_F(Precompiled, headers_are_told_apart_in_a_folder) {
  make({"mkdir", "h.h.gch"});
  make({"gcc", "-O2", "h.h", "-o", "h.h.gch/fast"});
  make({"gcc", "-g", "h.h", "-o", "h.h.gch/debug"});
  for (const std::string how : {"-g", "-O2"}) {
    expect_same({"gcc", how, "-MD", "-c", "a.c"});
    EXPECT_NE(brings({"gcc", how, "-c", "a.c"}, "h.h.gch/fast"),
              brings({"gcc", how, "-c", "a.c"}, "h.h.gch/debug"));
  }
  expect_same({"gcc", "-O1", "-g3", "-MD", "-c", "a.c"});
  EXPECT_EQ(reason({"gcc", "-O1", "-Winvalid-pch", "-c", "a.c"}), "precompiled-header")
      << "complaints come in the folder's order";
}

TEST_F(Precompiled, headers_that_are_still_owed_are_read_first) {
  write("h.h.gch", "promised");
  promises_[path("h.h.gch")] = object::Promise{object::hash("maker"), "h.h.gch"};
  const auto answer = infer({"gcc", "-c", "a.c"});
  ASSERT_TRUE(std::holds_alternative<MustRead>(answer));
  EXPECT_EQ(std::get<MustRead>(answer).promises, std::vector{promises_[path("h.h.gch")]});
}

TEST_F(Precompiled, headers_with_more_than_a_header_run_here) {
  EXPECT_EQ(reason({"gcc", "h.h", "late.h"}), "precompiled-header");
  EXPECT_EQ(reason({"gcc", "h.h", "a.c"}), "precompiled-header");
  EXPECT_EQ(reason({"gcc", "-S", "h.h"}), "precompiled-header");
  EXPECT_EQ(reason({"gcc", "--coverage", "h.h"}), "precompiled-header");
  EXPECT_EQ(reason({"gcc", "-MD", "h.h"}), "precompiled-header") << "releases differ in the depfile's name";
  expect_same({"gcc", "-E", "h.h", "-o", "h.i"});
  expect_same({"g++", "-fsyntax-only", "h.h"});
  expect_same({"gcc", "-M", "h.h"});
}

TEST_F(Precompiled, headers_of_clang_hold_no_times_or_run_here) {
  const std::vector<std::string> timeless = {"-Xclang", "-fno-pch-timestamp"};
  const auto with = [](std::vector<std::string> argv, const std::vector<std::string>& more) {
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
  };
  const std::vector<std::string> cmake = {"clang-14",
                                          "-Winvalid-pch",
                                          "-fpch-instantiate-templates",
                                          "-Xclang",
                                          "-emit-pch",
                                          "-Xclang",
                                          "-include",
                                          "-Xclang",
                                          path("h.h"),
                                          "-x",
                                          "c-header",
                                          "-MD",
                                          "-MF",
                                          "p.d",
                                          "-o",
                                          "h.pch",
                                          "-c",
                                          "empty.c"};
  const std::vector<std::string> plain = {"clang-14", "-x", "c-header", "-MMD", "h.h", "-o", "h.h.pch"};
  EXPECT_EQ(reason(cmake), "precompiled-header");
  EXPECT_EQ(reason(plain), "precompiled-header");
  expect_same(with(plain, timeless));
  expect_same(with(cmake, timeless));
  const std::vector<std::string> use = {"clang-14", "-Wall", "-MD", "-c", "a.c", "-include-pch", "h.h.pch"};
  EXPECT_EQ(reason(use), "precompiled-header");
  expect_same(with(use, timeless));
  expect_same(
      with({"clang-14", "-g", "-O0", "-MMD", "-MP", "-Xclang", "-include-pch", "-Xclang", path("h.pch"),
            "-Xclang", "-include", "-Xclang", path("h.h"), "-o", "two/b.o", "-c", "b.c"},
           timeless));
  expect_same(with({"clang-14", "-include-pch", "h.h.pch", "-fsyntax-only", "b.c"}, timeless));
  // It does not fit: clang's word.
  EXPECT_EQ(reason(with({"clang-14", "-O2", "-include-pch", "h.h.pch", "-c", "b.c"}, timeless)),
            "preprocessing-fails");
  EXPECT_EQ(reason(with({"clang-14", "-include-pch", "h.h.pch", "-E", "b.c", "-o", "b.i"}, timeless)),
            "precompiled-header");
  promises_[path("h.h.pch")] = object::Promise{object::hash("maker"), "h.h.pch"};
  EXPECT_TRUE(std::holds_alternative<MustRead>(infer(with(use, timeless))));
}

}  // namespace
}  // namespace model
