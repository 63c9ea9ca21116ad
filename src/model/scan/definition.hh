#pragma once

#include "model/scan/directives.hh"

#include <span>
#include <string_view>
#include <vector>

namespace model::scan {

// Features of tokens that stand in a macro body or in any directive.
[[nodiscard]] uint16_t features_of(std::span<const Token> tokens, const Vocabulary& vocabulary);

// Turns the tokens after #define into a macro whose body is appended to `body` (the caller points Macro::body
// at it once the vector has its final place: `offset` says where). Returns why it is no definition, or "".
[[nodiscard]] std::string_view define(std::span<const Token> tokens, const Dialect& dialect,
                                      const Vocabulary& vocabulary, Macro& macro, std::vector<Token>& body);

}  // namespace model::scan
