#pragma once

#include "model/scan/dialect.hh"
#include "model/scan/file_system.hh"
#include "model/scan/search_path.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Which files a compiler would read for one translation unit, without running it: as `gcc -E -MD` or clang's
// would say it, byte for byte, or `Inexact` where only the compiler knows. What a macro expands to in the
// text between directives is not followed; where that could matter the answer is `Inexact`, too.
namespace model::scan {

// Values of tests that only the compiler can answer: "__has_attribute(noreturn)",
// "__has_builtin(__builtin_trap)",
// "__has_feature(cxx_rtti)". One per compiler and set of options; thread-safe.
class Answers {
 public:
  Answers() = default;
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;
  virtual ~Answers() = default;

  // Nullopt: can't be known; the scan becomes Inexact.
  [[nodiscard]] virtual std::optional<int64_t> answer(const std::string& question) = 0;
};

// A compiler under one set of options that decide about its predefined macros and its dialect.
// Made by Scanner::compiler, immutable, good for that scanner only.
class Compiler;

struct MacroAction {
  enum class What : uint8_t { Define, Undefine };
  What what = What::Define;
  std::string text;  // of -D or -U: "X", "X=1", "F(a)=a"

  bool operator==(const MacroAction&) const = default;
};

struct ForcedFile {
  enum class What : uint8_t { Include, Imacros };
  What what = What::Include;
  std::string name;

  bool operator==(const ForcedFile&) const = default;
};

struct Request {
  std::shared_ptr<const Compiler> compiler;
  std::vector<MacroAction> macros;  // in the order of the command line
  std::vector<ForcedFile> forced;   // likewise
  SearchPath path;
  std::string main_file;          // as on the command line
  std::string working_directory;  // absolute
  // gcc reads <stdc-predef.h> first, unless -nostdinc, -ffreestanding or the target say otherwise.
  bool reads_stdc_predef = true;
  bool canonical_system_headers = true;  // gcc: not -fno-canonical-system-headers
  bool passes_over_precompiled = false;  // no .gch is taken for an #include
  bool file_macros_remapped = false;     // -fmacro-prefix-map or -ffile-prefix-map
  Answers* answers = nullptr;            // nullptr: nothing can be asked
};

// A line of the depfile.
struct Dependency {
  std::string path;  // as the compiler writes it, before quoting
  bool system = false;

  bool operator==(const Dependency&) const = default;
};

struct Scan {
  std::vector<Dependency> dependencies;  // what -MD lists, in its order; the main file first
  std::vector<Reading> read;             // every file whose bytes decided
  std::vector<std::string> present;      // absolute: files that were only asked for (__has_include)
  std::vector<std::string> absent;       // absolute: looked for and not there; must stay so
  std::vector<std::string> directories;  // absolute: searched
  std::vector<std::string> assembled;    // names in .incbin and .include, as written
  bool date = false;                     // __DATE__ or __TIME__ may be used
  bool timestamp = false;                // __TIMESTAMP__ may be used
};

// Files whose bytes a thunk still owes; make them real and scan again.
struct Owed {
  std::vector<std::string> paths;  // absolute
};

enum class Reason : uint8_t {
  MissingHeader,
  CompilerWillFail,   // #error, a syntax error, unbalanced conditionals
  UnknownBuiltin,     // a test that nobody answers
  Counter,            // __COUNTER__ after uses that we don't count
  Pragma,             // _Pragma whose effect we don't see
  AssemblerFile,      // .incbin of a name that isn't written out
  Modules,            // import, module
  PrecompiledHeader,  // the compiler might read a .gch instead
  Unreadable,
  Unsupported,
};

[[nodiscard]] std::string_view name(Reason reason);  // a stable code: "missing-header"

// Ask the real compiler.
struct Inexact {
  Reason reason = Reason::Unsupported;
  std::string detail;
  std::string file;
  uint32_t line = 0;
};

using Outcome = std::variant<Scan, Owed, Inexact>;

// Scans translation units; all that is known of headers is shared by all of them for the life of this object.
// Thread-safe: as many scans at once as there are threads.
class Scanner {
 public:
  // `files` must outlive it.
  explicit Scanner(FileSystem& files);
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // `predefined`: what `cc -dM -E -x LANGUAGE /dev/null` prints; `builtins`: the names of tests and macros
  // that it doesn't print but has (compiler_facts.hh). Cheap when asked again for the same.
  [[nodiscard]] std::shared_ptr<const Compiler> compiler(const Dialect& dialect,
                                                         const std::string& predefined,
                                                         const std::vector<std::string>& builtins);

  [[nodiscard]] Outcome scan(const Request& request);

  // How many files were read and reduced so far.
  [[nodiscard]] uint64_t headers_read() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace model::scan
