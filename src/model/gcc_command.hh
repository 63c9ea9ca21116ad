#pragma once

#include "model/model.hh"
#include "model/scan/depfile.hh"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace model {

enum class Language : uint8_t {
  C,
  Cxx,
  CHeader,  // compiled by itself: a precompiled header
  CxxHeader,
  PreprocessedC,
  PreprocessedCxx,
  Assembler,
  PreprocessedAssembler
};

[[nodiscard]] constexpr bool is_header(Language language) {
  return language == Language::CHeader || language == Language::CxxHeader;
}

// Does the compiler run the preprocessor over such a source?
[[nodiscard]] bool is_preprocessed_by_us(Language language);

[[nodiscard]] constexpr bool is_cxx(Language language) {
  return language == Language::Cxx || language == Language::CxxHeader ||
         language == Language::PreprocessedCxx;
}

// What a source is by its name (GCC's manual, "Options Controlling the Kind of Output"). Nullopt: it is given
// to the linker, or foreign: of a language that is not modelled (Fortran, Objective-C, Ada).
[[nodiscard]] std::optional<Language> language_of(std::string_view path);
[[nodiscard]] bool is_foreign(std::string_view path);

// What `-x` calls it.
[[nodiscard]] std::string_view spelling(Language language);

struct Source {
  std::string path;  // as the command names it
  Language language;
};

// -MD and its relatives.
struct DependencyFile {
  bool wanted = false;
  bool user_headers_only = false;                            // -MMD
  bool asked_of_preprocessor = false;                        // -Wp,-MD,file: the driver does not know of it
  std::string path;                                          // -MF; "" is the driver's own choice
  bool phony_targets = false;                                // -MP
  std::vector<scan::DepfileTarget> targets;                  // -MT, -MQ
  std::vector<scan::DepfileTarget> targets_of_preprocessor;  // -Wp,-MT,t: gcc's driver does not know of them
};

// An option that leads to other programs, headers and libraries: -B, --sysroot, --target.
struct ToolchainWord {
  std::string option;  // as it is spelt
  std::string argument;
  bool separate = false;  // the argument is a word of its own
  bool is_path = false;
};

// The words to give a driver that works elsewhere than in `directory`.
[[nodiscard]] std::vector<std::string> words_from(const std::string& directory,
                                                  const std::vector<ToolchainWord>& toolchain);

// A command line of a compiler's driver, taken apart by its option table. Paths are as the command names
// them.
struct GccCommand {
  // Dependencies: -M tells them on standard output, and nothing is made. Syntax: nothing but diagnostics.
  enum class Goal : uint8_t { Link, Compile, Assembly, Syntax, Preprocess, Dependencies };

  Goal goal = Goal::Link;
  std::vector<std::string> words;  // all after argv[0], response files expanded
  std::vector<Source> sources;
  std::vector<std::string> link_files;  // objects, archives, shared libraries, scripts
  std::optional<std::string> output;
  DependencyFile dependencies;
  std::vector<std::string> preprocessing;       // the words that a question to the preprocessor repeats
  std::vector<std::string> search_directories;  // of headers
  std::vector<std::string> read_files;          // response files, linker scripts, …
  std::vector<ToolchainWord> toolchain;         // what leads to other programs and libraries
  std::vector<std::string> beside;              // extensions of what is made beside each object (".dwo")
  std::string linker = "ld";                    // by the name under which the driver looks for it
  std::string database_fragment;                // -MJ
  bool keeps_stages = false;                    // -save-temps
  std::string precompiled;                      // clang's -include-pch
  bool precompiles = false;                     // the object is a precompiled header
  bool seeks_linker = false;  // the driver looks for the linker's plugin, though nothing links
  bool converts_charsets = false;
  bool uses_profile = false;       // -fprofile-use
  std::string profile;             // where it is: a folder, or the file
  bool bitcode = false;            // -emit-llvm
  bool assembles_outside = false;  // clang's -fno-integrated-as
  bool native_processor = false;   // -march=native and the like
  bool records_options = false;    // it shows in the output in which order options stood
  bool debugs = false;             // -g
  bool optimises_at_link_time = false;
  bool decides_colour = false;
  bool records_command_line = false;
};

// gcc, g++, cpp, clang, clang++: those for C++ differ in the language of a ".c" and in libraries; gcc's cpp
// always stops behind the preprocessor, and its second file is the output (gcc/c-family/cppspec.cc).
enum class Driver : uint8_t { C, Cxx, Preprocessor, ClangC, ClangCxx };

[[nodiscard]] constexpr bool is_clang(Driver driver) {
  return driver == Driver::ClangC || driver == Driver::ClangCxx;
}

[[nodiscard]] constexpr bool is_cxx(Driver driver) {
  return driver == Driver::Cxx || driver == Driver::ClangCxx;
}

// How the words of a response file (@file) become words: whitespace separates, quotes and backslashes as in
// libiberty's buildargv().
[[nodiscard]] std::vector<std::string> split_response_file(std::string_view text);

// `read` gives the bytes of a response file, nullopt when there is none (the word then stays as it is).
using ReadText = std::function<std::optional<std::string>(const std::string& path)>;

[[nodiscard]] std::variant<GccCommand, Declined> parse_gcc(Driver driver,
                                                           const std::vector<std::string>& argv,
                                                           const ReadText& read);

}  // namespace model
