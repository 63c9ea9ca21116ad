#include "model/scan/scanner.hh"

#include "model/scan/oracle.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace model::scan {
namespace {

using Files = std::map<std::string, std::string>;

// One scanner for all: what it remembers of one case must not show in another.
Oracle& oracle() {
  static Disk disk;
  static Oracle shared(disk);
  return shared;
}

bool there(const std::string& program) {
  return Disk().look(program).what == Look::What::File;
}

void expect_same(const Case& c, const Files& files) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), files);
  const auto wanted = Oracle::compiler(c, folder.path());
  ASSERT_TRUE(wanted) << "the compiler itself fails: " << files.at(c.main_file);
  EXPECT_EQ(oracle().scanned(c, folder.path()), *wanted) << c.program << " on\n" << files.at(c.main_file);
}

// A translation unit, to be right with gcc and with clang.
void expect_same(const Files& files) {
  Case c;
  expect_same(c, files);
  if (there("/usr/bin/clang-14")) {
    c.program = "/usr/bin/clang-14";
    expect_same(c, files);
  }
}

TEST(Scanner, follows_plain_inclusion) {
  expect_same({{"main.c", "#include \"a.h\"\n#include <stdio.h>\nint main(void) { return 0; }\n"},
               {"a.h", "#include \"b.h\"\n"},
               {"b.h", "int b;\n"}});
}

TEST(Scanner, finds_quoted_names_beside_the_file_that_asks) {
  expect_same({{"main.c", "#include \"d/a.h\"\n#include \"./b.h\"\n#include \"d/../b.h\"\n"},
               {"d/a.h", "#include \"b.h\"\n"},
               {"d/b.h", ""},
               {"b.h", ""}});
}

// Conditionals that include yes.h or no.h, each kind of expression once.
TEST(Scanner, computes_conditions) {
  const std::vector<std::string> conditions = {"1",
                                               "0",
                                               "-1 < 0",
                                               "-1 < 0u",
                                               "1 ? 2 : 0",
                                               "0 || 0 && 1",
                                               "(2 | 4) == 6",
                                               "7 / 2 == 3 && 7 % 4 == 3",
                                               "1 << 3 == 8",
                                               "-8 >> 1 == -4",
                                               "1 << 64",
                                               "1 << -1",
                                               "-2 << -1 == -1",
                                               "1u << 64",
                                               "1u << 63 == 1u << 64",
                                               "1u << -1",
                                               "4u << -1 == 2",
                                               "-8 >> 64 == -1",
                                               "8u >> 64",
                                               "8 >> -1",
                                               "8 >> -1 == 16",
                                               "-8 >> -1 == -1",
                                               "8 >> 4294967297 == 4",
                                               "1 << 4294967299 == 8",
                                               "1u << 4294967299 == 8",
                                               "(1 << 63) < 0",
                                               "(1 << 64u) == 0",
                                               "0 >> -1",
                                               "~0 == -1",
                                               "!defined X && !defined(Y)",
                                               "0x10 == 16 && 010 == 8 && 0b11 == 3",
                                               "'a' == 97",
                                               "'\\n' == 10",
                                               "'\\x41' == 'A'",
                                               "'\\101' == 65",
                                               "'\\377' < 0",
                                               "18446744073709551615u > 0",
                                               "0 && (1 / 0)",
                                               "1 || (1 / 0)",
                                               "1 ? 1 : (1 / 0)",
                                               "9223372036854775807 > 0",
                                               "0xFFFFFFFFFFFFFFFF > 0",
                                               "(-1 ? 1 : 0u) > -2",
                                               "unknown",
                                               "!unknown == 1",
                                               "1 == 1L && 1 == 1uLL",
                                               "-9223372036854775807 - 1 < 0",
                                               "2 > 1 > 1",
                                               "1 + 2 * 3 - 4 == 3",
                                               "(1, 2) == 2 || 1",
                                               "true",
                                               "__LINE__ % 5 == 1",
                                               "__INCLUDE_LEVEL__ == 0",
                                               "__COUNTER__ == 0 && __COUNTER__ == 1",
                                               "defined __FILE__ && defined __COUNTER__",
                                               "defined(defined)",
                                               "__has_include(\"yes.h\")",
                                               "__has_include(<stdio.h>) && !__has_include(<none.h>)",
                                               "__has_include(<yes.h>)",
                                               "__STDC_HOSTED__",
                                               "1 /* c */ + /* d */ 1 == 2 // e",
                                               "1 \\\n + 1 == 2",
                                               "'ab' == 24930",
                                               "L'a' == 97",
                                               "0 == +0",
                                               "- - 1 == 1",
                                               "1 < 2 == 1",
                                               "1 & 3 ^ 2",
                                               "__has_attribute(noreturn)",
                                               "__has_builtin(__builtin_expect)",
                                               "__has_attribute(nobody_has_this)"};
  Files files;
  std::string text;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string yes = "yes" + std::to_string(i) + ".h";
    const std::string no = "no" + std::to_string(i) + ".h";
    text += "#if " + conditions[i] + "\n#include \"" + yes + "\"\n#else\n#include \"" + no + "\"\n#endif\n";
    files[yes] = files[no] = "";
  }
  files["main.c"] = text;
  files["yes.h"] = "";
  expect_same(files);
}

TEST(Scanner, expands_macros_as_the_compiler_does) {
  const std::vector<std::string> texts = {
      "#define A B\n#define B 1\n#if A\n#include \"yes.h\"\n#endif\n",
      "#define F(x) x\n#if F(1) && F((1, 1) == 1) + F( ) 0 == 1 || 1\n#include \"yes.h\"\n#endif\n",
      "#define CAT(a, b) a##b\n#define XCAT(a, b) CAT(a, b)\n#define FOO1 1\n#define N 1\n"
      "#if XCAT(FOO, N)\n#include \"yes.h\"\n#endif\n#if CAT(FOO, N)\n#include \"no.h\"\n#endif\n",
      "#define STR(x) #x\n#define XSTR(x) STR(x)\n#define NAME yes\n#include XSTR(NAME.h)\n",
      "#define STR(x) #x\n#define XSTR(x) STR(x)\n#define DIR d\n#include XSTR(DIR/yes.h)\n",
      "#define H <stdio.h>\n#include H\n#define I \"yes.h\"\n#include I\n",
      "#define O(x) <x.h>\n#include O(stdio)\n#define STD std\n#define P(x, y) <x##y.h>\n#include P(std, "
      "lib)\n",
      "#define V(...) __VA_ARGS__\n#if V(1)\n#include \"yes.h\"\n#endif\n",
      "#define G(f, ...) f(0, ##__VA_ARGS__)\n#define ONE(a) a\n#define SECOND(a, b, ...) b\n"
      "#if !G(ONE) && G(SECOND, 1)\n#include \"yes.h\"\n#endif\n",
      "#define NAMED(args...) SECOND(0, args)\n#define SECOND(a, b) b\n#if NAMED(1)\n#include "
      "\"yes.h\"\n#endif\n",
      "#define OPT(x, ...) x __VA_OPT__(+ __VA_ARGS__)\n#if OPT(0, 1) && !OPT(0) && !OPT(0,)\n#include "
      "\"yes.h\"\n#endif\n",
      "#define f(a) a*g\n#define g(a) f(a)\n#if f(2)(9) == 0 || 1\n#include \"yes.h\"\n#endif\n",
      "#define REC REC + 1\n#if REC == 1\n#include \"yes.h\"\n#endif\n",
      "#define x 3\n#define h(a) f(x + a)\n#undef x\n#define x 2\n#define f(a) f(x * (a))\n#define z z[0]\n"
      "#define fun() 1\n#define callfun fun\n#if callfun()\n#include \"yes.h\"\n#endif\n",
      "#define EMPTY\n#define fun() 1\n#define D(x) x EMPTY\n#if D(fun)\n#else\n#include \"yes.h\"\n#endif\n",
      "#define HAS defined(X)\n#define X\n#if HAS\n#include \"yes.h\"\n#endif\n",
      "#define CHECK(x) (defined(x) && x)\n#define Y 1\n#if defined(Y) && CHECK(Z) || Y\n#include "
      "\"yes.h\"\n#endif\n",
      "#define fun() 0\n#define notcalled fun\n#if notcalled + 1\n#include \"yes.h\"\n#endif\n",
      "#define L __LINE__\n#if L == 2\n#include \"yes.h\"\n#endif\n#line 100\n#if L == 100\n#include "
      "\"yes.h\"\n#endif\n",
      "#if 1\n#define U 1\n#elif 0\n#define U 0\n#else\n#define U 0\n#endif\n#if U\n#include "
      "\"yes.h\"\n#endif\n",
      "#define M 1\n#pragma push_macro(\"M\")\n#undef M\n#define M 0\n#if M\n#include \"no.h\"\n#endif\n"
      "#pragma pop_macro(\"M\")\n#if M\n#include \"yes.h\"\n#endif\n",
      "#define M 1\n_Pragma(\"push_macro(\\\"M\\\")\")\n#undef M\n_Pragma(\"pop_macro(\\\"M\\\")\")\n#if "
      "M\n#include "
      "\"yes.h\"\n#endif\n",
      "#define FIVE(a, b, c, d, e, ...) e\n#define COUNT(...) FIVE(__VA_ARGS__, 4, 3, 2, 1)\n"
      "#if COUNT(a, b, c) == 2 || COUNT(a) == 4\n#include \"yes.h\"\n#endif\n",
      "#define LONG(a, \\\n b) a \\\n  + b\n#if LONG(1, /* , */ 2) == 3\n#include \"yes.h\"\n#endif\n",
      "#define P1(x) P2(x\n#define P2(x) x\n#if P1(1))\n#include \"yes.h\"\n#endif\n",
      "#define HASINC(x) __has_include(x)\n#if HASINC(<stdio.h>) && HASINC(\"yes.h\") && !HASINC(<a b.h>)\n"
      "#include \"yes.h\"\n#endif\n",
      "#define INC \"yes.h\"\n#if __has_include(INC)\n#include INC\n#endif\n",
      "#ifdef __has_include\n#if __has_include(\"no/such.h\") || __has_include(<no/such.h>)\n#include "
      "\"no.h\"\n#endif\n#endif\n",
      "#include __FILE__\n",
      "#if __INCLUDE_LEVEL__ < 5\n#include __FILE__\n#endif\n"};
  for (const std::string& text : texts) {
    if (text.starts_with("#include __FILE__")) {
      continue;  // for ever
    }
    expect_same({{"main.c", text}, {"yes.h", ""}, {"no.h", ""}, {"d/yes.h", ""}});
  }
}

TEST(Scanner, sees_what_is_no_directive) {
  const std::vector<std::string> texts = {
      "/*\n#include \"no.h\"\n*/ #include \"yes.h\"\n",
      "// \\\n#include \"no.h\"\n#include \"yes.h\"\n",
      "char a[] = \"/*\";\n#include \"yes.h\"\n/* */\n",
      "int b = '\"';\n#include \"yes.h\"\nint c = '\"';\n",
      "#inc\\\nlude \"yes\\\n.h\"\n",
      "#if 0\ndon't /* \n#include \"no.h\"\n#endif\n#include \"yes.h\"\n/* */\n",
      "#if 0\n#if 1\n#else\n#include \"no.h\"\n#endif\n#bogus\n#include\n#if (\n#endif\n#elif 1\n#include "
      "\"yes.h\"\n#endif\n",
      "%: include \"yes.h\"\n%:define X(a) a%:%:a\n",
      "  # /* c */ include /* d */ \"yes.h\" /* e\n */\n",
      "int x; /* \n*/ #include \"no.h\"\n#include \"yes.h\"\n",
      "#\n#include \"yes.h\"\n# \n",
      "#include \"yes.h\" // no newline at the end",
      "\xEF\xBB\xBF#include \"yes.h\"\n",
      "#include \"yes.h\"\r\n#define A \\\r\n 1\r\n",
      "#define A \"unterminated // string\n#include \"yes.h\"\n",
      "/**/#include \"yes.h\"/**/\n",
      "#define STAR *\\\n/\n#include \"yes.h\"\n",
      "/\\\n*\n#include \"no.h\"\n*\\\n/\n#include \"yes.h\"\n",
      "#ident \"x\"\n#pragma nothing special's\n#include \"yes.h\"\n",
      "#warning don't /* worry */\n#include \"yes.h\"\n"};
  for (const std::string& text : texts) {
    if (text.starts_with("int x; /*") || text.starts_with("#define A \"unt")) {
      continue;
    }
    expect_same({{"main.c", text}, {"yes.h", ""}, {"no.h", ""}});
  }
}

TEST(Scanner, knows_the_dialects) {
  const std::string trigraphs = "?\?=include \"yes.h\"\n#define A ?\?/\n 1\n#include \"tri.h\"\n";
  const std::string raw = "#define R \"x\"\nconst char* s = R\"(\n#include \"raw.h\"\n)\";\n";
  const std::string digits = "int i = 1'000'000;\n#include \"digits.h\"\nint j = 1'0;\n";
  const std::string comments = "int a = 4 //* c */ 2\n#ifdef X\n;\n#endif\n;\n#include \"yes.h\"\n/* */\n";
  const Files others = {{"yes.h", ""}, {"tri.h", ""}, {"raw.h", ""}, {"digits.h", ""}};
  for (const std::string& program : {std::string("/usr/bin/gcc"), std::string("/usr/bin/clang-14")}) {
    if (!there(program)) {
      continue;
    }
    for (const auto& [language, standards] : std::map<std::string, std::vector<std::string>>{
             {"c", {"c90", "gnu90", "c99", "gnu99", "c17", "gnu17", "c2x"}},
             {"c++", {"c++98", "gnu++98", "c++11", "c++14", "c++20"}}}) {
      for (const std::string& standard : standards) {
        Files files = others;
        const bool has_trigraphs = standard[0] == 'c' && standard != "c2x" && standard != "c++20";
        files["main.c"] = (has_trigraphs ? trigraphs : "") + raw + comments;
        files["main.c"] +=
            "#if 0\n#elifdef __FILE__\n#include \"yes.h\"\n#elifndef NONE\n#include \"tri.h\"\n#endif\n"
            "#if true\n#include \"raw.h\"\n#endif\n" +
            digits;
        Case c;
        c.program = program;
        c.language = language;
        c.dialect = {"-std=" + standard};
        SCOPED_TRACE(standard);
        expect_same(c, files);
      }
    }
  }
}

// Where a dialect has no such literals, the letters before a quote are a name, and may be a macro.
TEST(Scanner, tells_prefixes_of_literals_from_macros) {
  std::string text =
      "#define VERSION \"1\"\n#define SERVER VERSION\n#define BANNER SERVER\"(\" VERSION\")\"\n";
  Files files;
  for (const std::string prefix : {"u", "U", "u8", "x", "FOR"}) {
    text += "#define " + prefix + "\n#define STR_" + prefix + " " + prefix + "\"in_" + prefix + ".h\"\n";
    // The literal alone decides: with a prefix it is no file name, and the dialect's compiler refuses it.
    text += "#if __STDC_VERSION__ < 199901 && __cplusplus < 201103\n#include " + prefix + "\"in_" + prefix +
            ".h\"\n#include STR_" + prefix + "\n#endif\n";
    files["in_" + prefix + ".h"] = "";
  }
  // Characters: u8'a' is one only in the latest.
  text += "#define L(x) x\n#if L('a') == 97 && L(L'a') == 97\n#include \"in_x.h\"\n#endif\n";
  text += "#define A(x) A_##x\n#define A_u 1 +\n#if A(u)'a' == 98\n#include \"in_u.h\"\n#endif\n";
  text += "#define R\n#define STR_R R\"(in_R.h)\" /* \" */\n#include \"in_U.h\"\n";
  files["main.c"] = text;
  for (const std::string& program : {std::string("/usr/bin/gcc"), std::string("/usr/bin/clang-14")}) {
    for (const auto& [language, standards] : std::map<std::string, std::vector<std::string>>{
             {"c", {"c90", "gnu90", "c99", "gnu99", "c11", "gnu17", "c2x"}},
             {"c++", {"c++98", "gnu++98", "c++11", "c++17", "c++20"}},
             {"assembler-with-cpp", {"gnu17"}}}) {
      for (const std::string& standard : standards) {
        if (there(program)) {
          SCOPED_TRACE(standard);
          Case c;
          c.program = program;
          c.language = language;
          c.dialect = {"-std=" + standard};
          expect_same(c, files);
        }
      }
    }
  }
}

TEST(Scanner, knows_named_operators_in_cxx) {
  Case c;
  c.program = "/usr/bin/g++";
  c.language = "c++";
  expect_same(c, {{"main.c", "#if (1 and not 0) or (1 bitand 0) xor compl 0\n#include \"yes.h\"\n#endif\n"},
                  {"yes.h", ""}});
}

TEST(Scanner, searches_the_directories_in_order) {
  const Files files = {{"main.c",
                        "#include \"q.h\"\n#include <a.h>\n#include \"a.h\"\n#include <s.h>\n#include <z.h>\n"
                        "#include <sub/n.h>\n"},
                       {"q/q.h", "#include \"r.h\"\n"},
                       {"i/r.h", ""},
                       {"q/a.h", ""},
                       {"i/a.h", "#include_next <a.h>\n"},
                       {"s/a.h", "#include \"t.h\"\n#include_next <a.h>\n"},
                       {"s/t.h", ""},
                       {"z/a.h", ""},
                       {"y/y.h", ""},
                       {"s/s.h", "#include <stdio.h>\n"},
                       {"z/z.h", "#if __has_include_next(<z.h>)\n#include_next <z.h>\n#endif\n"},
                       {"i/sub/n.h", "#include \"m.h\"\n#include \"../r.h\"\n#include_next <sub/n.h>\n"},
                       {"i/sub/m.h", ""},
                       {"s/sub/n.h", "#include \"m.h\"\n"},
                       {"s/sub/m.h", ""}};
  Case c;
  c.directories = {{"q"}, {"./i", "i/", "none", "s"}, {"s"}, {"z", "y"}, false};
  expect_same(c, files);
  c.program = "/usr/bin/clang-14";
  if (there(c.program)) {
    expect_same(c, files);
  }
}

TEST(Scanner, reads_a_header_again_or_not_as_the_compiler_decides) {
  const std::string twin = "#pragma once\n#include \"count.h\"\n";
  const Files files = {
      {"main.c",
       "#include \"once.h\"\n#include \"./once.h\"\n#include \"sub/once.h\"\n#include \"guard.h\"\n#include "
       "\"guard.h\"\n"
       "#include \"./guard.h\"\n#undef GUARD_H\n#include \"guard.h\"\n#include \"loose.h\"\n#include "
       "\"loose.h\"\n"
       "#import \"imported.h\"\n#import \"imported.h\"\n#include \"imported.h\"\n#include "
       "\"sub/../loose.h\"\n"
       "#include \"pragma.h\"\n#include \"pragma.h\"\n#include \"bang.h\"\n#include \"bang.h\"\n"},
      {"once.h", twin},
      {"sub/once.h", twin},
      {"guard.h", "/* c */\n#ifndef GUARD_H\n#define GUARD_H\n#include \"count.h\"\n#endif // GUARD_H\n"},
      {"bang.h", "#if !defined(BANG)\n#define BANG\n#include \"count.h\"\n#endif\n"},
      {"loose.h", "#ifndef L\n#define L\n#include \"first.h\"\n#else\n#include \"second.h\"\n#endif\n"},
      {"imported.h", "#include \"count.h\"\n"},
      {"pragma.h", "_Pragma(\"once\")\n#include \"count.h\"\n"},
      {"count.h", ""},
      {"sub/count.h", ""},
      {"first.h", ""},
      {"second.h", ""}};
  expect_same(files);
}

TEST(Scanner, takes_options_in_their_order) {
  const Files files = {
      {"main.c",
       "#if A == 2 && !defined(B) && F(3) == 4\n#include \"yes.h\"\n#endif\n#ifdef FROM_IMACROS\n#include "
       "\"imac.h\"\n#endif\n#ifdef FROM_INCLUDE\n#include \"inc2.h\"\n#endif\n"},
      {"yes.h", ""},
      {"imac.h", ""},
      {"inc2.h", ""},
      {"sub/forced.h", "#include \"next.h\"\n#define FROM_INCLUDE\n"},
      {"sub/next.h", ""},
      {"macros.h", "#define FROM_IMACROS\n#include \"inc2.h\"\n"}};
  Case c;
  c.macros = {{MacroAction::What::Define, "A=1"}, {MacroAction::What::Define, "B"},
              {MacroAction::What::Undefine, "A"}, {MacroAction::What::Define, "A=2"},
              {MacroAction::What::Undefine, "B"}, {MacroAction::What::Define, "F(x)=x + 1"}};
  c.forced = {{ForcedFile::What::Include, "sub/forced.h"}, {ForcedFile::What::Imacros, "macros.h"}};
  expect_same(c, files);
  c.program = "/usr/bin/clang-14";
  if (there(c.program)) {
    expect_same(c, files);
  }
}

Scan scan_of(const Files& files, const std::string& folder) {
  write_tree(folder, files);
  const Outcome outcome = oracle().scan(Case{}, folder);
  if (const auto* inexact = std::get_if<Inexact>(&outcome)) {
    ADD_FAILURE() << describe(*inexact);
    return {};
  }
  return std::get<Scan>(outcome);
}

std::string inexact_of(const Files& files) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), files);
  const Outcome outcome = oracle().scan(Case{}, folder.path());
  const auto* inexact = std::get_if<Inexact>(&outcome);
  return inexact == nullptr ? "exact" : std::string(name(inexact->reason));
}

TEST(Scanner, names_what_was_looked_for_and_is_not_there) {
  const base::TemporaryDirectory folder;
  const Scan scan = scan_of({{"main.c",
                              "#include \"stddef.h\"\n#if __has_include(\"ghost.h\")\n#endif\n#if "
                              "__has_include(\"there.h\")\n#endif\n"},
                             {"there.h", ""}},
                            folder.path());
  const auto has = [](const std::vector<std::string>& list, const std::string& path) {
    return std::find(list.begin(), list.end(), path) != list.end();
  };
  EXPECT_TRUE(has(scan.absent, folder.path() + "/stddef.h"));
  EXPECT_TRUE(has(scan.absent, folder.path() + "/ghost.h"));
  EXPECT_TRUE(has(scan.present, folder.path() + "/there.h"));
  EXPECT_TRUE(std::any_of(scan.read.begin(), scan.read.end(),
                          [&](const Reading& reading) { return reading.path == folder.path() + "/main.c"; }));
  EXPECT_TRUE(has(scan.directories, "/usr/include"));
}

TEST(Scanner, names_directories_in_which_clang_looks_in_vain) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), {{"main.c", "#include <sys/types.h>\n"}, {"lib/sys/other.h", ""}});
  Case c;
  c.directories.bracket = {"lib"};
  const auto is_named = [&] {
    const Outcome outcome = oracle().scan(c, folder.path());
    const auto& directories = std::get<Scan>(outcome).directories;
    return std::find(directories.begin(), directories.end(), folder.path() + "/lib/sys") != directories.end();
  };
  EXPECT_FALSE(is_named()) << "gcc opens the file at once";
  c.program = "/usr/bin/clang-14";
  if (there(c.program)) {
    EXPECT_TRUE(is_named());
  }
}

TEST(Scanner, notices_dates_only_where_they_count) {
  const base::TemporaryDirectory folder;
  EXPECT_TRUE(scan_of({{"main.c", "const char* d = __DATE__;\n"}}, folder.path()).date);
  EXPECT_TRUE(scan_of({{"main.c", "#define T __TI\\\nME__\n"}}, folder.path()).date);
  EXPECT_FALSE(
      scan_of({{"main.c", "#if 0\nint a = __DATE__;\n#endif\n// __DATE__\n\"__DATE__\";\n"}}, folder.path())
          .date);
  const Scan scan = scan_of({{"main.c", "int a = __TIMESTAMP__;\n"}}, folder.path());
  EXPECT_TRUE(scan.timestamp);
  EXPECT_FALSE(scan.date);
}

TEST(Scanner, notices_assembler_files) {
  const base::TemporaryDirectory folder;
  const Scan scan = scan_of({{"main.c", "asm(\".incbin \\\"data.bin\\\"\\n\");\n"}}, folder.path());
  EXPECT_EQ(scan.assembled, std::vector<std::string>{"data.bin"});
  EXPECT_EQ(inexact_of({{"main.c", "#define F \"x\"\nasm(\".incbin \\\"\" F \"\\\"\\n\");\n"}}),
            "assembler-file");
}

TEST(Scanner, says_where_only_the_compiler_knows) {
  EXPECT_EQ(inexact_of({{"main.c", "#include \"nowhere.h\"\n"}}), "missing-header");
  EXPECT_EQ(inexact_of({{"main.c", "#error no\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "#if 1\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "#if 1 +\n#endif\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "#if UNKNOWN(1)\n#endif\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "#if 1 / 0\n#endif\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "/* for ever"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "#include \"main.c\"\n"}}), "compiler-will-fail");
  EXPECT_EQ(inexact_of({{"main.c", "int i = __COUNTER__;\n#if __COUNTER__\n#endif\n"}}), "counter");
  EXPECT_EQ(inexact_of({{"main.c", "#define P(x) _Pragma(#x)\nP(once)\n"}}), "pragma");
  EXPECT_EQ(inexact_of({{"main.c", "#define P(x) _Pragma(#x)\nint once; void f(int once); P(pack(1))\n"}}),
            "exact");
  EXPECT_EQ(inexact_of({{"main.c", "#include \"a.h\"\n"}, {"a.h", ""}, {"a.h.gch", "x"}}),
            "precompiled-header");
}

// Long ago, so that the times of what is there would tell a change.
void settle(const std::string& path) {
  const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), old, 0), 0);
  while (!is_settled(Disk().look(path).identity, base::SystemClock().wall())) {
  }
}

// A header that only the second directory has, often enough for the first one's names to be known; then the
// first has it, too.
void expect_found_when_made_earlier_on_the_path(const std::string& header) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(),
             {{"main.c", "#include \"" + header + "\"\n"}, {"first/other.h", ""}, {"second/" + header, ""}});
  settle(folder.path() + "/first");
  Case c;
  c.directories.bracket = {"first", "second"};
  for (int time = 0; time < 4; ++time) {
    EXPECT_EQ(oracle().scanned(c, folder.path()), *Oracle::compiler(c, folder.path()));
  }
  write_tree(folder.path(), {{"first/" + header, ""}});
  EXPECT_EQ(oracle().scanned(c, folder.path()), *Oracle::compiler(c, folder.path()));
}

TEST(Scanner, finds_a_header_made_in_a_directory_that_did_not_have_it) {
  expect_found_when_made_earlier_on_the_path("a.h");
}

TEST(Scanner, finds_a_header_below_a_directory_made_since) {
  expect_found_when_made_earlier_on_the_path("sub/a.h");
}

TEST(Disk, lists_a_directory_only_in_a_state_that_would_tell_of_a_change) {
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), {{"sub/Name", ""}});
  const std::string path = folder.path() + "/sub";
  settle(path);
  Disk disk;
  const Identity identity = disk.look(path).identity;
  const auto names = disk.names_in(path, identity);
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->contains("Name"));
  EXPECT_FALSE(names->contains("name"));
  write_tree(folder.path(), {{"sub/new", ""}});
  EXPECT_FALSE(disk.names_in(path, identity)) << "it is in another state by now";
  Identity just_now = disk.look(path).identity;
  just_now.mtime = std::numeric_limits<int64_t>::max() / 2;
  EXPECT_FALSE(disk.names_in(path, just_now));
  EXPECT_FALSE(disk.names_in("/proc", disk.look("/proc").identity)) << "more is found there than is listed";
}

// The same condition, with other macros, and again as it was: within one unit and from one to the next.
TEST(Scanner, evaluates_a_condition_anew_when_a_name_in_it_means_something_else) {
  const std::string ask = "#if A && B == 2\n#include \"yes.h\"\n#else\n#include \"no.h\"\n#endif\n";
  const base::TemporaryDirectory folder;
  write_tree(folder.path(), {{"ask.h", ask}, {"deep.h", "#define B C\n"}, {"yes.h", ""}, {"no.h", ""}});
  settle(folder.path() + "/ask.h");
  const auto with = [&](const std::string& text) {
    write_tree(folder.path(), {{"main.c", text}});
    EXPECT_EQ(oracle().scanned(Case{}, folder.path()), *Oracle::compiler(Case{}, folder.path())) << text;
  };
  const std::string on = "#define A F(1)\n#define F(x) x\n#define B 2\n";
  for (int time = 0; time < 2; ++time) {
    with(on + "#include \"ask.h\"\n");
    with("#include \"ask.h\"\n");
    with(on + "#undef F\n#define F(x) __LINE__ - 4\n#include \"ask.h\"\n#include \"ask.h\"\n");
    with(on + "#undef B\n#include \"ask.h\"\n#define B 2\n#include \"ask.h\"\n");
    with(
        "#define A 1\n#include \"deep.h\"\n#define C 2\n#include \"ask.h\"\n#undef C\n#include "
        "\"ask.h\"\n");
    with("#define A 1\n#include \"deep.h\"\n#include \"ask.h\"\n#define C 2\n#include \"ask.h\"\n");
  }
}

// A file system in which one header is still to be made.
class Owing final : public FileSystem {
 public:
  explicit Owing(std::string path) : path_(std::move(path)) {}

  Look look(const std::string& path) override {
    return path == path_ ? Look{Look::What::Promised, {}} : disk_.look(path);
  }

  base::Result<Contents> read(const std::string& path) override { return disk_.read(path); }

  std::string real_path(const std::string& path) override { return disk_.real_path(path); }

 private:
  std::string path_;
  Disk disk_;
};

TEST(Scanner, asks_for_a_promised_header_that_it_has_to_read_and_only_then) {
  const base::TemporaryDirectory folder;
  Owing files(folder.path() + "/made.h");
  Oracle owing(files);
  write_tree(folder.path(), {{"main.c", "#if __has_include(\"made.h\")\n#endif\n"}});
  EXPECT_TRUE(std::holds_alternative<Scan>(owing.scan(Case{}, folder.path())));
  write_tree(folder.path(), {{"main.c", "#include \"made.h\"\n"}});
  const Outcome outcome = owing.scan(Case{}, folder.path());
  ASSERT_TRUE(std::holds_alternative<Owed>(outcome));
  EXPECT_EQ(std::get<Owed>(outcome).paths, std::vector<std::string>{folder.path() + "/made.h"});
}

TEST(Scanner, notices_that_a_header_has_changed) {
  const base::TemporaryDirectory folder;
  for (int round = 0; round < 20; ++round) {
    const std::string which = round % 2 == 0 ? "one.h" : "two.h";
    const Scan scan = scan_of({{"main.c", "#include \"a.h\"\n"},
                               {"a.h", "#include \"" + which + "\"\n"},
                               {"one.h", ""},
                               {"two.h", ""}},
                              folder.path());
    EXPECT_EQ(scan.dependencies.back().path, which) << "round " << round;
  }
}

TEST(Scanner, reads_each_header_once) {
  const base::TemporaryDirectory folder;
  Disk disk;
  Oracle fresh(disk);
  write_tree(folder.path(), {{"main.c", "#include <stdio.h>\n"}});
  (void)fresh.scan(Case{}, folder.path());
  const uint64_t read = fresh.scanner.headers_read();
  EXPECT_GT(read, 10U);
  (void)fresh.scan(Case{}, folder.path());
  EXPECT_EQ(fresh.scanner.headers_read(), read);
}

TEST(Scanner, scans_from_many_threads_at_once) {
  const base::TemporaryDirectory folder;
  Disk disk;
  Oracle shared(disk);
  write_tree(folder.path(), {{"main.c", "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"}});
  const Request request = shared.request(Case{}, folder.path());
  const Outcome wanted = Oracle(disk).scan(Case{}, folder.path());
  ASSERT_TRUE(std::holds_alternative<Scan>(wanted));
  std::vector<std::thread> threads;
  std::atomic<int> equal = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) {
        const Outcome outcome = shared.scanner.scan(request);
        equal += std::holds_alternative<Scan>(outcome) &&
                         std::get<Scan>(outcome).dependencies == std::get<Scan>(wanted).dependencies
                     ? 1
                     : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(equal, 40);
}

}  // namespace
}  // namespace model::scan
