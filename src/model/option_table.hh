#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// How an option's value comes.
enum class Arity {
  Flag,              // -c
  Joined,            // -O2: all that follows the spelling; may be empty
  Separate,          // -Xlinker WORD
  JoinedOrSeparate,  // -Idir, -I dir
};

// How an option touches inputs, outputs, or neither. Never "unknown": an option that no row knows declines
// the command.
enum class Effect {
  Neutral,            // changes bytes, but neither what is read nor what is written
  Output,             // -o
  StopAfterCompile,   // -S
  StopAfterAssemble,  // -c
  Language,           // -x
  IncludeDirectory,   // -I and its like: a directory that headers come from
  IncludeFile,        // -include, -imacros
  DependencyOutput,   // -MD, -MMD
  DependencyFile,     // -MF
  DependencyTarget,   // -MT, -MQ
  DependencyPhony,    // -MP
  LibraryDirectory,   // -L
  Library,            // -l
  LinkInput,          // a file the linker reads: a version script, a linker script
  LinkOutput,         // a file the linker writes: a map
  StaticLink,         // only archives are taken for -l
  SharedObject,       // -shared
  PositionIndependentExecutable,
  NoStartFiles,  // -nostartfiles
  NoDefaultLibraries,
  NoStandardLibraries,  // both
  Words,                // -Wl,a,b: words of the linker's own
  Word,                 // -Xlinker WORD
  ArchiveMode,          // ld -r
  ExtraLibrary,         // -fopenmp: brings a library of the compiler's own; `detail` names it
  ExtraOutput,          // --coverage: writes one more file; `detail` is its suffix
  Query,                // answers on stdout: the real tool runs
  Decline,              // known, and not modelled; `detail` says why
};

struct Option {
  std::string_view spelling;
  Arity arity;
  Effect effect;
  std::string_view detail = {};
};

struct ParsedOption {
  const Option* option;
  std::string value;  // without the spelling
  size_t words;       // how many of argv it took: 1 or 2
};

// An option table made fast to look up in. The rows must outlive it.
class OptionTable {
 public:
  explicit OptionTable(std::span<const Option> rows);

  // The option at argv[index] (which begins with '-'): the longest spelling that fits. Nullopt: no row knows
  // it, or its value is missing.
  [[nodiscard]] std::optional<ParsedOption> parse(const std::vector<std::string>& argv, size_t index) const;

 private:
  std::vector<const Option*> sorted_;  // by spelling
};

}  // namespace model
