#include "model/scan/evaluator.hh"

#include <algorithm>
#include <optional>
#include <string>

namespace model::scan {
namespace {

struct Value {
  uint64_t bits = 0;
  bool is_unsigned = false;

  [[nodiscard]] bool negative() const { return !is_unsigned && static_cast<int64_t>(bits) < 0; }
};

Value truth(bool value) {
  return {value ? 1U : 0U, false};
}

constexpr int kTernary = 1;
constexpr int kLogicalOr = 2;
constexpr int kLogicalAnd = 3;

int precedence(Kind kind) {
  switch (kind) {
    case Kind::Question:
      return kTernary;
    case Kind::OrOr:
      return kLogicalOr;
    case Kind::AndAnd:
      return kLogicalAnd;
    case Kind::Or:
      return 4;
    case Kind::Xor:
      return 5;
    case Kind::And:
      return 6;
    case Kind::Equal:
    case Kind::NotEqual:
      return 7;
    case Kind::Less:
    case Kind::LessEqual:
    case Kind::Greater:
    case Kind::GreaterEqual:
      return 8;
    case Kind::ShiftLeft:
    case Kind::ShiftRight:
      return 9;
    case Kind::Plus:
    case Kind::Minus:
      return 10;
    case Kind::Times:
    case Kind::Divide:
    case Kind::Modulo:
      return 11;
    default:
      return 0;
  }
}

std::optional<Kind> named_operator(uint32_t identifier) {
  switch (static_cast<Known>(identifier)) {
    case Known::And:
      return Kind::AndAnd;
    case Known::Bitand:
      return Kind::And;
    case Known::Bitor:
      return Kind::Or;
    case Known::Compl:
      return Kind::Compl;
    case Known::Not:
      return Kind::Not;
    case Known::NotEq:
      return Kind::NotEqual;
    case Known::Or:
      return Kind::OrOr;
    case Known::Xor:
      return Kind::Xor;
    case Known::AndEq:
    case Known::OrEq:
    case Known::XorEq:
      return Kind::Punctuator;
    default:
      return std::nullopt;
  }
}

int digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

// An integer constant; nullopt: it is none (a floating constant, a user-defined literal, a stray suffix).
std::optional<Value> parse_integer(std::string_view text) {
  int base = 10;
  size_t at = 0;
  if (text.size() > 1 && text[0] == '0') {
    const char kind = text[1];
    base = kind == 'x' || kind == 'X' ? 16 : kind == 'b' || kind == 'B' ? 2 : 8;
    at = base == 8 ? 1 : 2;
    if (at == 2 && text.size() == 2) {
      return std::nullopt;
    }
  }
  uint64_t bits = 0;
  for (; at < text.size() && (digit(text[at]) < base || text[at] == '\''); ++at) {
    if (text[at] != '\'') {
      if (__builtin_mul_overflow(bits, static_cast<uint64_t>(base), &bits) ||
          __builtin_add_overflow(bits, static_cast<uint64_t>(digit(text[at])), &bits)) {
        return std::nullopt;  // the compiler warns and truncates; rather ask it
      }
    }
  }
  bool is_unsigned = false;
  int longs = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == 'u' || c == 'U') && !is_unsigned) {
      is_unsigned = true;
    } else if ((c == 'l' || c == 'L' || c == 'z' || c == 'Z') && longs < 2) {
      ++longs;
    } else {
      return std::nullopt;
    }
  }
  // A constant too big for intmax_t is unsigned, a decimal one with a warning.
  return Value{bits, is_unsigned || static_cast<int64_t>(bits) < 0};
}

class CharConstant {
 public:
  CharConstant(std::string_view text, const Dialect& dialect) : text_(text), dialect_(dialect) {}

  // nullopt: wide ones beyond ASCII, bad escapes: ask the compiler.
  std::optional<Value> value() {
    const size_t quote = text_.find('\'');
    const std::string_view prefix = text_.substr(0, quote);
    at_ = quote + 1;
    uint64_t bits = 0;
    size_t count = 0;
    while (at_ + 1 < text_.size()) {
      const std::optional<uint32_t> c = one();
      if (!c || (!prefix.empty() && *c > 0x7F)) {
        return std::nullopt;
      }
      bits = (bits << 8U) | *c;
      ++count;
    }
    if (count == 0 || count > 4 || (!prefix.empty() && count > 1)) {
      return std::nullopt;
    }
    if (!prefix.empty()) {
      return Value{bits, prefix != "L"};
    }
    if (count == 1 && !dialect_.unsigned_char) {
      return Value{static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(bits))), false};
    }
    return Value{static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(bits))), false};
  }

 private:
  std::optional<uint32_t> one() {
    const auto c = static_cast<unsigned char>(text_[at_++]);
    return c == '\\' ? escape() : std::optional<uint32_t>(c);
  }

  std::optional<uint32_t> escape() {
    const char c = text_[at_++];
    constexpr std::string_view kNames = "abfnrtv\\'\"?eE";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"?\x1b\x1b";
    if (const size_t which = kNames.find(c); which != std::string_view::npos) {
      return static_cast<unsigned char>(kValues[which]);
    }
    if (c == 'x') {
      uint32_t value = 0;
      size_t digits = 0;
      for (; at_ + 1 < text_.size() && digit(text_[at_]) < 16; ++at_, ++digits) {
        value = value * 16 + static_cast<uint32_t>(digit(text_[at_]));
      }
      return digits == 0 || value > 0xFF ? std::nullopt : std::optional<uint32_t>(value);
    }
    if (digit(c) < 8) {
      auto value = static_cast<uint32_t>(digit(c));
      for (int more = 0; more < 2 && at_ + 1 < text_.size() && digit(text_[at_]) < 8; ++more) {
        value = value * 8 + static_cast<uint32_t>(digit(text_[at_++]));
      }
      return value > 0xFF ? std::nullopt : std::optional<uint32_t>(value);
    }
    return std::nullopt;
  }

  std::string_view text_;
  const Dialect& dialect_;
  size_t at_ = 0;
};

class Parser {
 public:
  explicit Parser(Expander& expander) : expander_(expander) { advance(); }

  bool run() {
    if (token_.kind == Kind::End) {
      expander_.reject("#if with no expression");
      return false;
    }
    const Value value = list(true);
    if (token_.kind != Kind::End) {
      expander_.reject("tokens after the expression of #if");
    }
    return ok() && value.bits != 0;
  }

 private:
  [[nodiscard]] bool ok() const { return expander_.failure().empty(); }

  void advance() {
    token_ = expander_.next();
    if (token_.kind == Kind::Identifier && expander_.dialect().named_operators) {
      token_.kind = named_operator(token_.text).value_or(Kind::Identifier);
    }
  }

  // The comma operator is an extension, but both compilers take it.
  Value list(bool counts) {
    Value value = binary(kTernary, counts);
    while (token_.kind == Kind::Comma && ok()) {
      advance();
      value = binary(kTernary, counts);
    }
    return value;
  }

  // `counts`: the value is needed; where it isn't, division by zero is no error.
  Value binary(int minimum, bool counts) {
    Value left = unary(counts);
    for (int level = precedence(token_.kind); level >= minimum && level != 0 && ok();
         level = precedence(token_.kind)) {
      const Kind kind = token_.kind;
      advance();
      if (kind == Kind::Question) {
        left = ternary(left, counts);
      } else if (kind == Kind::AndAnd || kind == Kind::OrOr) {
        const bool decided = (left.bits != 0) == (kind == Kind::OrOr);
        const Value right = binary(level + 1, counts && !decided);
        left = truth(decided ? kind == Kind::OrOr : right.bits != 0);
      } else {
        left = apply(kind, left, binary(level + 1, counts), counts);
      }
    }
    return left;
  }

  Value ternary(Value condition, bool counts) {
    const bool holds = condition.bits != 0;
    // Between ? and : anything may stand, down to another ?:.
    const Value yes = list(counts && holds);
    if (token_.kind != Kind::Colon) {
      expander_.reject("? without : in #if");
      return {};
    }
    advance();
    const Value no = binary(kTernary, counts && !holds);
    return {holds ? yes.bits : no.bits, yes.is_unsigned || no.is_unsigned};
  }

  Value unary(bool counts) {
    const Token token = token_;
    switch (token.kind) {
      case Kind::Plus:
        advance();
        return unary(counts);
      case Kind::Minus: {
        advance();
        const Value value = unary(counts);
        return {~value.bits + 1, value.is_unsigned};
      }
      case Kind::Compl: {
        advance();
        const Value value = unary(counts);
        return {~value.bits, value.is_unsigned};
      }
      case Kind::Not: {
        advance();
        return truth(unary(counts).bits == 0);
      }
      case Kind::Open: {
        advance();
        const Value value = list(counts);
        if (token_.kind != Kind::Close) {
          expander_.reject("missing ) in #if");
          return {};
        }
        advance();
        return value;
      }
      default:
        return primary(token, counts);
    }
  }

  Value primary(const Token& token, bool counts) {
    if (token.kind == Kind::Number) {
      const std::optional<Value> value = parse_integer(expander_.vocabulary().spellings.text(token.text));
      if (!value) {
        expander_.fail("a number in #if that is not a plain integer");
        return {};
      }
      advance();
      return *value;
    }
    if (token.kind == Kind::Char) {
      const std::string_view text = expander_.vocabulary().spellings.text(token.text);
      const std::optional<Value> value = CharConstant(text, expander_.dialect()).value();
      if (!value) {
        expander_.fail("an unusual character constant in #if");
        return {};
      }
      advance();
      return *value;
    }
    if (token.kind == Kind::Identifier) {
      return identifier(token);
    }
    (void)counts;
    token.kind == Kind::Hash ? expander_.fail("an assertion (#name) in #if")
                             : expander_.reject("#if is no valid expression");
    return {};
  }

  Value identifier(const Token& token) {
    if (is(token.text, Known::Defined)) {
      const bool is_defined = defined();
      advance();
      return truth(is_defined);
    }
    const bool literal = expander_.dialect().bool_literals && is(token.text, Known::True);
    advance();
    if (token_.kind == Kind::Open && token.text < static_cast<uint32_t>(Known::End) &&
        static_cast<Known>(token.text) >= Known::HasInclude) {
      // A compiler without it: the code asks `defined __has_x && __has_x(y)`, which is an error in its
      // grammar.
      expander_.reject("a builtin test that this compiler lacks");
    }
    return truth(literal);
  }

  bool defined() {
    Token token = expander_.next_unexpanded();
    const bool parenthesis = token.kind == Kind::Open;
    if (parenthesis) {
      token = expander_.next_unexpanded();
    }
    if (token.kind != Kind::Identifier) {
      expander_.reject("defined without a name");
      return false;
    }
    if (parenthesis && expander_.next_unexpanded().kind != Kind::Close) {
      expander_.reject("defined( without )");
    }
    return expander_.defines(token.text);
  }

  Value apply(Kind kind, Value left, Value right, bool counts) {
    const bool is_unsigned = left.is_unsigned || right.is_unsigned;
    switch (kind) {
      case Kind::Plus:
        return {left.bits + right.bits, is_unsigned};
      case Kind::Minus:
        return {left.bits - right.bits, is_unsigned};
      case Kind::Times:
        return {left.bits * right.bits, is_unsigned};
      case Kind::Divide:
      case Kind::Modulo:
        return divide(kind, left, right, is_unsigned, counts);
      case Kind::ShiftLeft:
        return is_clang() ? clang_shift(left, right, false) : shift(left, right, false);
      case Kind::ShiftRight:
        return is_clang() ? clang_shift(left, right, true) : shift(left, right, true);
      case Kind::And:
        return {left.bits & right.bits, is_unsigned};
      case Kind::Or:
        return {left.bits | right.bits, is_unsigned};
      case Kind::Xor:
        return {left.bits ^ right.bits, is_unsigned};
      case Kind::Equal:
        return truth(left.bits == right.bits);
      case Kind::NotEqual:
        return truth(left.bits != right.bits);
      case Kind::Less:
        return truth(less(left, right, is_unsigned));
      case Kind::Greater:
        return truth(less(right, left, is_unsigned));
      case Kind::LessEqual:
        return truth(!less(right, left, is_unsigned));
      default:
        return truth(!less(left, right, is_unsigned));
    }
  }

  static bool less(Value left, Value right, bool is_unsigned) {
    return is_unsigned ? left.bits < right.bits
                       : static_cast<int64_t>(left.bits) < static_cast<int64_t>(right.bits);
  }

  Value divide(Kind kind, Value left, Value right, bool is_unsigned, bool counts) {
    if (right.bits == 0) {
      if (counts) {
        expander_.reject("division by zero in #if");
      }
      return {0, is_unsigned};
    }
    if (is_unsigned) {
      return {kind == Kind::Divide ? left.bits / right.bits : left.bits % right.bits, true};
    }
    const auto dividend = static_cast<int64_t>(left.bits);
    const auto divisor = static_cast<int64_t>(right.bits);
    if (divisor == -1) {  // the one case that overflows
      return {kind == Kind::Divide ? ~left.bits + 1 : 0, false};
    }
    return {static_cast<uint64_t>(kind == Kind::Divide ? dividend / divisor : dividend % divisor), false};
  }

  [[nodiscard]] bool is_clang() const { return expander_.dialect().flavour == Flavour::Clang; }

  // clang/lib/Lex/PPExpressions.cpp: counts are unsigned, to the right of 32 bits and no more than 63; to the
  // left, 64 or more shift everything out.
  static Value clang_shift(Value left, Value right, bool to_right) {
    constexpr uint64_t kBits = 64;
    if (!to_right) {
      return {right.bits >= kBits ? 0 : left.bits << right.bits, left.is_unsigned};
    }
    const uint64_t count = std::min<uint64_t>(static_cast<uint32_t>(right.bits), kBits - 1);
    return {left.is_unsigned ? left.bits >> count
                             : static_cast<uint64_t>(static_cast<int64_t>(left.bits) >> count),
            left.is_unsigned};
  }

  // gcc/libcpp/expr.cc: a negative count shifts the other way, and 64 or more shift everything out.
  static Value shift(Value left, Value right, bool to_right) {
    constexpr uint64_t kBits = 64;
    uint64_t count = right.bits;
    if (right.negative()) {
      to_right = !to_right;
      count = ~count + 1;
    }
    const bool fill = to_right && left.negative();
    if (count >= kBits) {
      return {fill ? ~uint64_t{0} : 0, left.is_unsigned};
    }
    if (!to_right) {
      return {left.bits << count, left.is_unsigned};
    }
    const uint64_t sign = fill && count != 0 ? ~uint64_t{0} << (kBits - count) : 0;
    return {(left.bits >> count) | sign, left.is_unsigned};
  }

  Expander& expander_;
  Token token_;
};

}  // namespace

bool evaluate(Expander& expander) {
  return Parser(expander).run();
}

}  // namespace model::scan
