#include "model/scan/lexer.hh"

#include <array>

namespace model::scan {
namespace {

struct Punctuator {
  std::string_view text;
  Kind kind;
};

// Longest first among those with a common beginning.
constexpr std::array kPunctuators = {
    Punctuator{"%:%:", Kind::HashHash},  Punctuator{"<<=", Kind::Punctuator},
    Punctuator{">>=", Kind::Punctuator}, Punctuator{"...", Kind::Punctuator},
    Punctuator{"->*", Kind::Punctuator}, Punctuator{"<=>", Kind::Punctuator},
    Punctuator{"##", Kind::HashHash},    Punctuator{"%:", Kind::Hash},
    Punctuator{"<<", Kind::ShiftLeft},   Punctuator{">>", Kind::ShiftRight},
    Punctuator{"<=", Kind::LessEqual},   Punctuator{">=", Kind::GreaterEqual},
    Punctuator{"==", Kind::Equal},       Punctuator{"!=", Kind::NotEqual},
    Punctuator{"&&", Kind::AndAnd},      Punctuator{"||", Kind::OrOr},
    Punctuator{"++", Kind::Punctuator},  Punctuator{"--", Kind::Punctuator},
    Punctuator{"->", Kind::Punctuator},  Punctuator{"+=", Kind::Punctuator},
    Punctuator{"-=", Kind::Punctuator},  Punctuator{"*=", Kind::Punctuator},
    Punctuator{"/=", Kind::Punctuator},  Punctuator{"%=", Kind::Punctuator},
    Punctuator{"&=", Kind::Punctuator},  Punctuator{"|=", Kind::Punctuator},
    Punctuator{"^=", Kind::Punctuator},  Punctuator{"<%", Kind::Punctuator},
    Punctuator{"%>", Kind::Punctuator},  Punctuator{"<:", Kind::Punctuator},
    Punctuator{":>", Kind::Punctuator},  Punctuator{"(", Kind::Open},
    Punctuator{")", Kind::Close},        Punctuator{",", Kind::Comma},
    Punctuator{"?", Kind::Question},     Punctuator{":", Kind::Colon},
    Punctuator{"!", Kind::Not},          Punctuator{"~", Kind::Compl},
    Punctuator{"+", Kind::Plus},         Punctuator{"-", Kind::Minus},
    Punctuator{"*", Kind::Times},        Punctuator{"/", Kind::Divide},
    Punctuator{"%", Kind::Modulo},       Punctuator{"<", Kind::Less},
    Punctuator{">", Kind::Greater},      Punctuator{"&", Kind::And},
    Punctuator{"|", Kind::Or},           Punctuator{"^", Kind::Xor},
    Punctuator{"#", Kind::Hash},         Punctuator{"=", Kind::Punctuator},
    Punctuator{";", Kind::Punctuator},   Punctuator{".", Kind::Punctuator},
    Punctuator{"[", Kind::Punctuator},   Punctuator{"]", Kind::Punctuator},
    Punctuator{"{", Kind::Punctuator},   Punctuator{"}", Kind::Punctuator}};

bool exists(std::string_view text, const Dialect& dialect) {
  if (text == "::" || text == "->*" || text == ".*") {
    return dialect.language == Language::Cxx;
  }
  return true;
}

class LineLexer {
 public:
  LineLexer(std::string_view line, const Dialect& dialect, Vocabulary& vocabulary, std::vector<Token>& tokens)
      : line_(line), dialect_(dialect), vocabulary_(vocabulary), tokens_(tokens) {}

  void run(Angles angles) {
    headers_ = angles == Angles::FirstIsHeaderName;
    for (skip_space(); at_ < line_.size(); skip_space()) {
      one();
      white_ = false;
    }
  }

 private:
  void skip_space() {
    while (at_ < line_.size() && (is_horizontal_space(byte(at_)) || line_[at_] == '\n')) {
      ++at_;
      white_ = true;
    }
  }

  [[nodiscard]] unsigned char byte(size_t at) const { return static_cast<unsigned char>(line_[at]); }

  [[nodiscard]] unsigned char byte_or_nul(size_t at) const { return at < line_.size() ? byte(at) : 0; }

  void add(Kind kind, size_t end) {
    const std::string_view text = line_.substr(at_, end - at_);
    Token token;
    token.kind = kind;
    token.text =
        kind == Kind::Identifier ? vocabulary_.identifiers.number(text) : vocabulary_.spellings.number(text);
    token.flags = white_ ? token_flag::kWhite | token_flag::kLead : 0;
    tokens_.push_back(token);
    at_ = end;
    watch_for_header(token);
  }

  // <...> is a header name right after #include, or after __has_include with or without its parenthesis.
  void watch_for_header(const Token& token) {
    const bool asks = token.kind == Kind::Identifier &&
                      (is(token.text, Known::HasInclude) || is(token.text, Known::HasIncludeNext) ||
                       is(token.text, Known::HasEmbed));
    headers_ = asks || (token.kind == Kind::Open && asked_);
    asked_ = asks;
  }

  void one() {
    const unsigned char c = byte(at_);
    if (is_identifier_start(c) || (c == '$' && dialect_.dollars) || c == '\\') {
      identifier();
    } else if (is_digit(c) || (c == '.' && is_digit(byte_or_nul(at_ + 1)))) {
      add(Kind::Number, end_of_number(line_, at_, dialect_));
    } else if (c == '"') {
      literal(Kind::String, at_);
    } else if (c == '\'') {
      literal(Kind::Char, at_);
    } else if (c == '<' && headers_ && line_.find('>', at_) != std::string_view::npos) {
      add(Kind::HeaderName, line_.find('>', at_) + 1);
    } else {
      punctuator();
    }
  }

  void identifier() {
    if (line_[at_] == '\\' && byte_or_nul(at_ + 1) != 'u' && byte_or_nul(at_ + 1) != 'U') {
      add(Kind::Other, at_ + 1);
      return;
    }
    const size_t end = end_of_identifier(line_, at_, dialect_);
    const std::string_view text = line_.substr(at_, end - at_);
    const unsigned char next = byte_or_nul(end);
    if (next == '"' && dialect_.raw_strings && is_raw_prefix(text)) {
      raw_string(end);
    } else if ((next == '"' || next == '\'') && is_prefix(text, next)) {
      literal(next == '"' ? Kind::String : Kind::Char, end);
    } else {
      add(Kind::Identifier, end);
    }
  }

  // Of a literal in this dialect; elsewhere it is a name of its own, and may be a macro.
  [[nodiscard]] bool is_prefix(std::string_view text, unsigned char quote) const {
    if (text == "u8") {
      return quote == '"' ? dialect_.unicode_literals : dialect_.u8_characters;
    }
    return text == "L" || (dialect_.unicode_literals && (text == "u" || text == "U"));
  }

  // An unterminated literal takes the rest of the line and is no token of any use.
  void literal(Kind kind, size_t quote) {
    for (size_t at = quote + 1; at < line_.size(); ++at) {
      if (line_[at] == '\\') {
        ++at;
      } else if (line_[at] == line_[quote]) {
        add(kind, at + 1);
        return;
      }
    }
    add(Kind::Other, line_.size());
  }

  void raw_string(size_t quote) {
    const size_t open = line_.find('(', quote);
    if (open == std::string_view::npos) {
      add(Kind::Other, line_.size());
      return;
    }
    const std::string close = ")" + std::string(line_.substr(quote + 1, open - quote - 1)) + "\"";
    const size_t end = line_.find(close, open);
    end == std::string_view::npos ? add(Kind::Other, line_.size()) : add(Kind::String, end + close.size());
  }

  void punctuator() {
    const std::string_view rest = line_.substr(at_);
    if (rest.size() > 1 && rest[0] == ':' && rest[1] == ':' && dialect_.language == Language::Cxx) {
      add(Kind::Punctuator, at_ + 2);
      return;
    }
    for (const Punctuator& punctuator : kPunctuators) {
      if (rest.starts_with(punctuator.text) && exists(punctuator.text, dialect_)) {
        add(punctuator.kind, at_ + punctuator.text.size());
        return;
      }
    }
    add(Kind::Other, at_ + 1);
  }

  std::string_view line_;
  const Dialect& dialect_;
  Vocabulary& vocabulary_;
  std::vector<Token>& tokens_;
  size_t at_ = 0;
  bool white_ = false;
  bool headers_ = false;
  bool asked_ = false;  // the last token was __has_include or its kin
};

}  // namespace

size_t end_of_identifier(std::string_view text, size_t at, const Dialect& dialect) {
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const bool ucn = c == '\\' && at + 1 < text.size() && (text[at + 1] == 'u' || text[at + 1] == 'U');
    if (!is_identifier_start(c) && !is_digit(c) && !(c == '$' && dialect.dollars) && !ucn) {
      break;
    }
  }
  return at;
}

size_t end_of_number(std::string_view text, size_t at, const Dialect& dialect) {
  for (++at; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const char before = text[at - 1];
    const bool sign =
        (c == '+' || c == '-') && (before == 'e' || before == 'E' || before == 'p' || before == 'P');
    const bool separator = c == '\'' && dialect.digit_separators && at + 1 < text.size() &&
                           (is_identifier_start(static_cast<unsigned char>(text[at + 1])) ||
                            is_digit(static_cast<unsigned char>(text[at + 1])));
    if (!is_identifier_start(c) && !is_digit(c) && c != '.' && c != '$' && !sign && !separator) {
      break;
    }
  }
  return at;
}

void lex_line(std::string_view line, Angles angles, const Dialect& dialect, Vocabulary& vocabulary,
              std::vector<Token>& tokens) {
  LineLexer(line, dialect, vocabulary, tokens).run(angles);
}

}  // namespace model::scan
