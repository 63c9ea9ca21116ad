#pragma once

#include "model/scan/dialect.hh"
#include "model/scan/token.hh"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

// What text or a macro body holds that can matter to which files are read, as bits.
namespace feature {
constexpr uint16_t kCounter = 1;       // __COUNTER__
constexpr uint16_t kDate = 2;          // __DATE__ or __TIME__
constexpr uint16_t kTimestamp = 4;     // __TIMESTAMP__
constexpr uint16_t kPragmaMaker = 8;   // _Pragma of something that isn't a literal here
constexpr uint16_t kPragmaWord = 16;   // a macro body that gives such a one a word that matters
constexpr uint16_t kMacroPragma = 32;  // a macro body with a _Pragma that matters
constexpr uint16_t kIncbin = 64;       // .incbin or .include of a name that isn't whole
constexpr uint16_t kModules = 128;     // a line that may be a C++20 module directive
}  // namespace feature

enum class DirectiveKind : uint8_t {
  If,
  Ifdef,
  Ifndef,
  Elif,
  Elifdef,
  Elifndef,
  Else,
  Endif,
  Define,
  Undef,
  Include,
  IncludeNext,
  Import,
  Embed,
  Once,
  SystemHeader,
  PushMacro,
  PopMacro,
  Line,
  LineMarker,
  Text,        // only its features matter
  PragmaWord,  // text that gives a word which matters to what may be a macro, named by `first`
  Incbin,      // an assembler file named in text
  Failure,     // #error, or what makes the compiler fail when it gets there
  Unsure,      // we do not know what it does
};

enum class Quoting : uint8_t { None, Quote, Angle };  // None: computed, by expanding tokens

struct Directive {
  DirectiveKind kind = DirectiveKind::Text;
  Quoting quoting = Quoting::None;
  uint16_t features = 0;
  uint32_t line = 0;
  uint32_t first = 0;  // of the tokens; or an identifier, a macro's index, a file name's spelling, a reason's
  uint32_t last = 0;
  uint32_t next = 0;  // conditionals: index of the next branch or #endif of the same group
  bool many_lines = false;
};

// One #define, fit for expansion. Immutable; lives as long as its file's directives.
struct Macro {
  uint32_t name = 0;
  uint16_t features = 0;
  uint16_t parameters = 0;
  bool function_like = false;
  bool variadic = false;  // the last parameter is
  uint8_t builtin = 0;    // Known, for what the preprocessor computes itself; then there is no body
  const Token* body = nullptr;
  uint32_t size = 0;
  uint64_t serial = 0;  // no two definitions of this process have the same
};

// A source file reduced to what decides about inclusion. Immutable, shared between threads.
struct FileDirectives {
  std::vector<Directive> directives;
  std::vector<Token> tokens;
  std::vector<Macro> macros;
  uint64_t serial = 0;  // + the index of a directive: no other directive of this process has the same
  uint32_t guard = 0;   // identifier: while it is a macro, the whole file is nothing
  std::string
      problem;  // the compiler fails on this file whatever its macros are, or we don't know; empty: none
  uint32_t problem_line = 0;
};

// As many serial numbers as asked for, from the one returned. Never 0. Any thread.
[[nodiscard]] uint64_t next_serials(size_t count);

// Lexes all of it, once. Never fails: what is wrong with the text is in `problem` and in Failure directives.
[[nodiscard]] std::shared_ptr<const FileDirectives> reduce(std::string_view bytes, const Dialect& dialect,
                                                           Vocabulary& vocabulary);

}  // namespace model::scan
