#pragma once

#include "model/scan/dialect.hh"
#include "model/scan/token.hh"

#include <string_view>
#include <vector>

namespace model::scan {

// What may follow where a header name <...> could stand.
enum class Angles : uint8_t { Operators, FirstIsHeaderName };

// The tokens of one logical line, without an End: no splices, trigraphs or comments are left in it
// (clean_line.hh). After __has_include( and its kin <...> is a header name. Never fails: what is no token
// becomes Other.
void lex_line(std::string_view line, Angles angles, const Dialect& dialect, Vocabulary& vocabulary,
              std::vector<Token>& tokens);

[[nodiscard]] constexpr bool is_identifier_start(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

[[nodiscard]] constexpr bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_horizontal_space(unsigned char c) {
  return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\0' || c == '\r';
}

// Whether `prefix` directly before a quote makes a raw string.
[[nodiscard]] constexpr bool is_raw_prefix(std::string_view prefix) {
  return prefix == "R" || prefix == "LR" || prefix == "uR" || prefix == "UR" || prefix == "u8R";
}

// Past the number's or identifier's last character; `at` is its first.
[[nodiscard]] size_t end_of_number(std::string_view text, size_t at, const Dialect& dialect);
[[nodiscard]] size_t end_of_identifier(std::string_view text, size_t at, const Dialect& dialect);

}  // namespace model::scan
