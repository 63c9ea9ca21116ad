#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Option tables: how a tool's options are spelt and how each touches inputs, outputs, or neither (DESIGN
// §4.7). A tool's table is data; what stands in no table is unknown, and the command is declined.
namespace model {

// How an option takes its argument.
enum class Takes : uint8_t {
  Nothing,   // -c
  Joined,    // -O2: the spelling is a prefix
  Separate,  // -MF file
  Either,    // -Idir, -I dir
  Perhaps,   // -MD file, or -MD before another option (nasm)
};

// What an option does to the functional footprint.
enum class Does : uint8_t {
  Neutral,           // changes how the tool works, reads and writes nothing
  LinkOnly,          // the same, and of no interest when the preprocessor is asked
  Declines,          // not modelled, for the reason `word`
  Compile,           // -c
  Assembly,          // -S
  Output,            // -o
  Language,          // -x
  SearchDirectory,   // a directory where inputs are looked for
  DependenciesAll,   // -MD
  DependenciesUser,  // -MMD
  DependencyFile,    // -MF
  DependencyTarget,  // -MT, -MQ
  DependencyPhony,   // -MP
  ToPreprocessor,    // -Wp,…
  ToAssembler,       // -Wa,…
  ToLinker,          // -Wl,… and -Xlinker
  LinkInput,         // -lfoo: found along the search directories
  LibraryDirectory,  // -L
  ReadsFile,         // the argument names a file that is read
  CompilerReads,     // the same, by the compiler, so that the preprocessor is asked with it, too
  Toolchain,         // the argument leads to other programs, headers and libraries
  WritesFile,        // the argument names a file that is written
  ReadsNamedFile,    // NAME=FILE: FILE is read
  WritesNamedFile,   // NAME=FILE: FILE is written
  RunsProgram,       // PROGRAM, or NAME=PROGRAM

  DiagnosticsColour,     // decides on colour by itself
  RecordsCommandLine,    // puts the command line into the output
  Specs,                 // -specs=: rules by which gcc's driver makes its programs' command lines
  ToFrontend,            // -Xclang
  ToBackend,             // -mllvm
  Preprocess,            // -E
  TellDependencies,      // -M, -MM
  GuessMissing,          // -MG
  CheckSyntax,           // -fsyntax-only
  UsesProfile,           // -fprofile-use: reads what an earlier program left behind, found by name
  ProfilePrefix,         // changes by which name
  Charset,               // the C library converts
  Bitcode,               // -emit-llvm
  ExternalAssembler,     // -fno-integrated-as
  TakesPrecompiled,      // -include-pch
  OneToPreprocessor,     // -Xpreprocessor
  Debug,                 // -g: tells of the source, and of the compiler's options
  DatabaseFragment,      // -MJ: appends what a compilation database says of the command
  KeepsStages,           // -save-temps: what the stages hand on is kept
  WritesBeside,          // makes one more file beside the object, with the extension in `word`
  NativeProcessor,       // -march=native: stands for options that the driver chooses by this machine
  ChoosesLinker,         // -fuse-ld=
  LinkTimeOptimisation,  // -flto: the linker calls the compiler, or can't here, for the reason `word`
};

struct Option {
  std::string_view spelling;
  Takes takes;
  Does does;
  std::string_view word = {};  // of Declines: a stable code for counters
};

// One option as it stood on a command line.
struct Match {
  const Option* option = nullptr;
  std::string_view argument;  // empty when it takes none
  size_t words = 1;           // how many words of the command line it took
};

// The longest spelling of the table that words[at] begins with and fits; nullopt: unknown (or its argument is
// missing).
[[nodiscard]] std::optional<Match> match(std::span<const Option> table, const std::vector<std::string>& words,
                                         size_t at);

}  // namespace model
