#pragma once

#include "model/scan/vocabulary.hh"

#include <cstdint>
#include <string_view>

namespace model::scan {

enum class Kind : uint8_t {
  End,
  Identifier,  // text: Vocabulary::identifiers; for all else: Vocabulary::spellings
  Number,
  String,
  Char,
  HeaderName,  // <...>, where the grammar asks for one
  Other,
  Parameter,  // in macro bodies: text is the parameter's index, or kVaOptBegin
  VaOptEnd,
  Punctuator,  // one that no #if knows
  // Operators and brackets of #if.
  Open,
  Close,
  Comma,
  Question,
  Colon,
  Not,
  Compl,
  Plus,
  Minus,
  Times,
  Divide,
  Modulo,
  ShiftLeft,
  ShiftRight,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Equal,
  NotEqual,
  And,
  Or,
  Xor,
  AndAnd,
  OrOr,
  Hash,
  HashHash,
};

namespace token_flag {
constexpr uint8_t kWhite = 1;       // white space before it in its source
constexpr uint8_t kLead = 2;        // white space before it, expansions considered: what # sees
constexpr uint8_t kNoExpand = 4;    // met while its macro was being expanded: never again a macro
constexpr uint8_t kPasteLeft = 8;   // in macro bodies: ## follows
constexpr uint8_t kStringify = 16;  // in macro bodies: # stands before this parameter
constexpr uint8_t kVaOpt = 32;      // in macro bodies: a Parameter that begins __VA_OPT__(
}  // namespace token_flag

struct Token {
  uint32_t text = 0;
  Kind kind = Kind::End;
  uint8_t flags = 0;
  uint16_t length = 0;  // of a __VA_OPT__ group: how many tokens until its VaOptEnd

  [[nodiscard]] bool has(uint8_t flag) const { return (flags & flag) != 0; }
};

static_assert(sizeof(Token) == 8);

[[nodiscard]] inline std::string_view spell(const Token& token, const Vocabulary& vocabulary) {
  return token.kind == Kind::Identifier ? vocabulary.identifiers.text(token.text)
                                        : vocabulary.spellings.text(token.text);
}

}  // namespace model::scan
