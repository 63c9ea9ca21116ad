#include "model/gcc_command.hh"

#include <gtest/gtest.h>

namespace model {
namespace {

std::variant<GccCommand, Declined> parse(const std::vector<std::string>& argv, Driver driver = Driver::C) {
  return parse_gcc(driver, argv, [](const std::string& path) {
    return path == "rsp" ? std::optional<std::string>("-DA='x y' \"b\\\"c\"\n -c in\\ file.c") : std::nullopt;
  });
}

std::string reason(const std::vector<std::string>& argv) {
  const auto parsed = parse(argv);
  const auto* declined = std::get_if<Declined>(&parsed);
  return declined == nullptr ? "" : declined->reason;
}

TEST(GccCommand, an_unknown_option_is_declined_by_name) {
  const auto parsed = parse({"gcc", "-c", "-fstrange", "a.c"});
  EXPECT_EQ(std::get<Declined>(parsed), (Declined{"unknown-option", "-fstrange"}));
  EXPECT_EQ(reason({"gcc", "-c", "--strange=1", "a.c"}), "unknown-option");
  EXPECT_EQ(reason({"gcc", "-c", "-fno-strange", "a.c"}), "unknown-option");
}

TEST(GccCommand, what_everyday_builds_say_is_known) {
  EXPECT_EQ(reason({"gcc",
                    "-std=gnu11",
                    "-pedantic",
                    "-Wall",
                    "-Wno-missing-field-initializers",
                    "-O3",
                    "-g",
                    "-ggdb3",
                    "-fno-omit-frame-pointer",
                    "-fPIC",
                    "-fstack-protector-strong",
                    "-Werror=format-security",
                    "-DX=1",
                    "-D",
                    "Y",
                    "-I../deps",
                    "-I",
                    "inc",
                    "-isystem",
                    "/x",
                    "-iquote.",
                    "-include",
                    "config.h",
                    "-fvisibility=hidden",
                    "-ffile-prefix-map=/a=.",
                    "-march=x86-64-v2",
                    "-msse4.2",
                    "-pthread",
                    "-fdata-sections",
                    "-ffunction-sections",
                    "-fno-strict-aliasing",
                    "-Wp,-D_FORTIFY_SOURCE=2",
                    "-Wa,--noexecstack",
                    "-fsanitize=address",
                    "-fcf-protection",
                    "--param",
                    "max-inline-insns-auto=80",
                    "--param=ssp-buffer-size=4",
                    "-pipe",
                    "-MMD",
                    "-MP",
                    "-MF",
                    "a.d",
                    "-MT",
                    "a.o",
                    "-c",
                    "-o",
                    "a.o",
                    "a.c"}),
            "");
}

TEST(GccCommand, what_is_asked_or_streamed_runs_here) {
  EXPECT_EQ(reason({"gcc", "-v"}), "query");
  EXPECT_EQ(reason({"gcc", "--version"}), "query");
  EXPECT_EQ(reason({"gcc", "-print-file-name=crt1.o"}), "query");
  EXPECT_EQ(reason({"gcc", "-dumpmachine"}), "query");
  EXPECT_EQ(reason({"gcc", "-c", "-xc", "-"}), "standard-input");
  EXPECT_EQ(reason({"gcc", "-E", "a.c"}), "preprocess-only");
  EXPECT_EQ(reason({"gcc", "-E", "a.c", "-o", "a.i"}), "");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-o", "/dev/null"}), "");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-o", "/dev/full"}), "special-output");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-MD", "-o", "/dev/null"}), "special-output") << "/dev/null.d";
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "--coverage", "-o", "/dev/null"}), "special-output");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-MD", "-MF", "-"}), "");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-MD", "-MF", "/dev/stdout"}), "special-output");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-Wp,-MD,-"}), "special-output");
  EXPECT_EQ(reason({"gcc", "-MM", "a.c", "-o", "a.d"}), "dependencies-to-file");
  EXPECT_EQ(reason({"gcc", "-fsyntax-only", "a.c", "-MD"}), "no-output");
  EXPECT_EQ(reason({"gcc", "-c", "a.c", "-MD", "-MG"}), "dependencies-only") << "gcc refuses";
  EXPECT_EQ(reason({"gcc", "-Xpreprocessor", "-DF(a,b)=a", "-c", "a.c"}), "pass-through");
  EXPECT_EQ(reason({"gcc", "-bx", "-c", "a.c"}), "tool-prefix");
  EXPECT_EQ(reason({"gcc"}), "no-input");
  EXPECT_EQ(reason({"gcc", "-c", "x.o"}), "no-input");
}

TEST(GccCommand, profiles_plugins_and_modules_are_declined) {
  EXPECT_EQ(reason({"gcc", "-fprofile-use", "a.c"}), "profile");
  EXPECT_EQ(reason({"gcc", "-fprofile-use", "-fprofile-dir=x", "-c", "a.c"}), "profile");
  for (const std::string word : {"-fplugin=x.so", "-fplugin-arg-x-y=z", "-iplugindir=x"}) {
    EXPECT_EQ(std::get<Declined>(parse({"gcc", word, "-c", "a.c"})), (Declined{"plugin", word}));
  }
  EXPECT_EQ(std::get<Declined>(parse({"gcc", "-wrapper", "gdb,--args", "-c", "a.c"})),
            (Declined{"wrapper", "-wrapper"}));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"-Xclang", "-load", "-Xclang", "x.so"},
                                             {"-Xclang", "-add-plugin", "-Xclang", "x"},
                                             {"-fplugin=x.so"},
                                             {"-fpass-plugin=x.so"},
                                             {"-mllvm", "-load=x.so"}}) {
    std::vector<std::string> argv = {"clang", "-c", "a.c"};
    argv.insert(argv.end(), words.begin(), words.end());
    EXPECT_EQ(std::get<Declined>(parse(argv, Driver::ClangC)).reason, "plugin") << words[0];
  }
  EXPECT_EQ(reason({"gcc", "-fmodules-ts", "-c", "a.cc"}), "modules");
  EXPECT_EQ(reason({"gcc", "-fsanitize-ignorelist=x", "-c", "a.c"}), "sanitizer-list");
  EXPECT_EQ(reason({"gcc", "--coverage", "a.c"}), "files-beside") << "named by an object that is temporary";
  EXPECT_EQ(reason({"gcc", "--coverage", "a.o"}), "");
  EXPECT_EQ(reason({"gcc", "-flto=jobserver", "-c", "a.c"}), "");
  EXPECT_EQ(reason({"gcc", "-flto=jobserver", "a.o"}), "jobserver");
  EXPECT_EQ(reason({"gcc", "-save-temps", "-flto", "a.o"}), "intermediate-files");
  EXPECT_EQ(reason({"gcc", "-save-temps", "-fsyntax-only", "a.c"}), "intermediate-files");
  EXPECT_EQ(reason({"gcc", "-save-temps", "h.h"}), "intermediate-files");
}

TEST(GccCommand, languages_come_from_names_and_from_x) {
  const auto parsed = std::get<GccCommand>(parse(
      {"g++", "-c", "a.c", "-xassembler-with-cpp", "b.foo", "-x", "none", "d.cc", "e.s", "f.S", "g.C", "h.o"},
      Driver::Cxx));
  std::vector<Language> languages;
  for (const Source& source : parsed.sources) {
    languages.push_back(source.language);
  }
  using enum Language;
  EXPECT_EQ(languages, (std::vector{Cxx, PreprocessedAssembler, Cxx, Assembler, PreprocessedAssembler, Cxx}));
  EXPECT_EQ(parsed.link_files, std::vector<std::string>{"h.o"});
}

TEST(GccCommand, response_files_are_read_as_libiberty_reads_them) {
  const auto parsed = std::get<GccCommand>(parse({"gcc", "@rsp", "@none"}));
  EXPECT_EQ(parsed.words, (std::vector<std::string>{"-DA=x y", "b\"c", "-c", "in file.c", "@none"}));
  EXPECT_EQ(parsed.read_files, std::vector<std::string>{"rsp"});
}

}  // namespace
}  // namespace model
