#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace model::scan {

enum class Flavour : uint8_t { Gcc, Clang };
enum class Language : uint8_t { C, Cxx, AsmWithCpp };

// How source text falls apart into tokens and directives. Headers are kept per dialect.
struct Dialect {
  Flavour flavour = Flavour::Gcc;
  Language language = Language::C;
  bool strict = false;  // -std=c… or -ansi, not gnu…
  bool trigraphs = false;
  bool line_comments = true;
  bool raw_strings = false;
  bool unicode_literals = true;  // u"…", U"…", u8"…" are one token
  bool u8_characters = false;    // u8'…' too
  bool digit_separators = false;
  bool elifdef = true;           // #elifdef is a directive
  bool dollars = true;           // $ in identifiers
  bool named_operators = false;  // and, or, not, ... are operators
  bool bool_literals = false;    // true and false have values in #if
  bool unsigned_char = false;

  auto operator<=>(const Dialect&) const = default;
};

// From what the compiler itself says with -dM; `trigraphs` where -trigraphs or -fno-trigraphs was given.
[[nodiscard]] Dialect dialect_of(Flavour flavour, Language language, std::string_view predefined,
                                 std::optional<bool> trigraphs = std::nullopt);

}  // namespace model::scan
