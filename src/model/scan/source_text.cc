#include "model/scan/source_text.hh"

#include "model/scan/directives.hh"
#include "model/scan/lexer.hh"

#include <array>
#include <cstring>

namespace model::scan {
namespace {

enum Class : uint8_t { kPlain, kNewline, kSlash, kQuote, kWord, kDigit, kDot, kBackslash, kQuestion, kAngle };

constexpr std::array<uint8_t, 256> classes() {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    const auto byte = static_cast<unsigned char>(c);
    table[c] = is_identifier_start(byte) ? kWord : is_digit(byte) ? kDigit : kPlain;
  }
  table['\n'] = kNewline;
  table['/'] = kSlash;
  table['"'] = kQuote;
  table['\''] = kQuote;
  table['.'] = kDot;
  table['\\'] = kBackslash;
  table['?'] = kQuestion;
  return table;
}

constexpr std::array<uint8_t, 256> kClasses = classes();

// What stands right before the end of `text`: an identifier or a number.
std::string_view last_word(std::string_view text) {
  size_t start = text.size();
  while (start > 0 && (is_identifier_start(static_cast<unsigned char>(text[start - 1])) ||
                       is_digit(static_cast<unsigned char>(text[start - 1])) || text[start - 1] == '$')) {
    --start;
  }
  return text.substr(start);
}

bool matters_in_pragma(std::string_view word) {
  return word == "once" || word == "push_macro" || word == "pop_macro" || word == "system_header" ||
         word == "include_alias" || word == "pch_preprocess";
}

}  // namespace

SourceText::SourceText(std::string_view bytes, const Dialect& dialect) : bytes_(bytes), dialect_(dialect) {
  if (bytes_.starts_with("\xEF\xBB\xBF")) {
    at_ = 3;
  }
}

// The length of a backslash (or its trigraph), white space and newline at `at`; 0 when there is none.
size_t SourceText::splice(size_t at) const {
  size_t end = at;
  if (byte(at) == '\\') {
    end += 1;
  } else if (dialect_.trigraphs && bytes_.substr(std::min(at, bytes_.size())).starts_with("?\?/")) {
    end += 3;
  } else {
    return 0;
  }
  while (end < bytes_.size() && is_horizontal_space(byte(end))) {
    ++end;
  }
  if (end >= bytes_.size()) {
    return end - at;
  }
  return bytes_[end] == '\n' ? end + 1 - at : 0;
}

size_t SourceText::past_splices(size_t at) {
  for (size_t length = splice(at); length != 0; length = splice(at)) {
    at += length;
  }
  return at;
}

void SourceText::advance_to(size_t end) {
  for (; at_ < end; ++at_) {
    line_ += bytes_[at_] == '\n' ? 1U : 0U;
  }
}

void SourceText::skip_line_comment() {
  while (at_ < bytes_.size() && bytes_[at_] != '\n') {
    if (const size_t length = splice(at_); length != 0) {
      at_ += length;
      ++line_;
    } else {
      ++at_;
    }
  }
}

void SourceText::skip_block_comment() {
  while (at_ < bytes_.size()) {
    const char c = bytes_[at_++];
    if (c == '\n') {
      ++line_;
    } else if (c == '*') {
      const size_t next = byte(at_) == '/' ? at_ : past_splices(at_);
      if (byte(next) == '/' && next < bytes_.size()) {
        advance_to(next);
        at_ = next + 1;
        return;
      }
    }
  }
  problem_ = "unterminated comment";
}

// C90 knows no // comments, but the compilers take them, unless `//*` shows that a division was meant.
bool SourceText::line_comment_at(size_t second_slash) const {
  return dialect_.line_comments ||
         (byte(second_slash + 1) != '*' && (dialect_.flavour == Flavour::Clang || !in_directive_));
}

// At a slash: over the comment that begins there, if one does.
bool SourceText::skip_comment() {
  const size_t next = past_splices(at_ + 1);
  const unsigned char c = byte(next);
  if (c != '*' && (c != '/' || !line_comment_at(next))) {
    return false;
  }
  advance_to(next + 1);
  c == '*' ? skip_block_comment() : skip_line_comment();
  return true;
}

// Over white space, comments and splices, not over newlines. False when it moved nowhere.
bool SourceText::skip_space() {
  const size_t start = at_;
  while (at_ < bytes_.size()) {
    if (is_horizontal_space(byte(at_))) {
      ++at_;
    } else if (const size_t length = splice(at_); length != 0) {
      at_ += length;
      ++line_;
    } else if (bytes_[at_] != '/' || !skip_comment()) {
      break;
    }
  }
  return at_ != start;
}

void SourceText::feature(Passage& passage, uint16_t bit) {
  if (passage.features == 0) {
    passage.line = line_;
  }
  passage.features |= bit;
}

bool SourceText::to_directive(Passage& passage) {
  passage = Passage{};
  while (at_ < bytes_.size() && problem_.empty()) {
    skip_space();
    if (at_ >= bytes_.size()) {
      break;
    }
    if (bytes_[at_] == '\n') {
      ++at_;
      ++line_;
      continue;
    }
    const std::string_view rest = bytes_.substr(at_);
    if (rest[0] == '#' || rest.starts_with("%:") || (dialect_.trigraphs && rest.starts_with("?\?="))) {
      at_ += rest[0] == '#' ? 1U : rest[0] == '%' ? 2U : 3U;
      return true;
    }
    passage.tokens = true;
    text_line(passage);
  }
  return false;
}

void SourceText::text_line(Passage& passage) {
  bool first = true;
  while (at_ < bytes_.size()) {
    const unsigned char c = byte(at_);
    switch (kClasses[c]) {
      case kNewline:
        ++at_;
        ++line_;
        return;
      case kSlash:
        if (!skip_comment()) {
          ++at_;
        }
        break;
      case kQuote:
        literal(passage);
        break;
      case kWord: {
        const size_t start = at_;
        word(passage);
        if (first && at_ != start) {
          look_at_word(bytes_.substr(start, at_ - start), passage, true);
        }
        first = false;
        break;
      }
      case kDigit:
        at_ = end_of_number(bytes_, at_, dialect_);
        break;
      case kDot:
        at_ = is_digit(byte(at_ + 1)) ? end_of_number(bytes_, at_, dialect_) : at_ + 1;
        break;
      case kBackslash:
      case kQuestion:
        if (const size_t length = splice(at_); length != 0) {
          at_ += length;
          ++line_;
        } else {
          ++at_;
        }
        break;
      default:
        first = first && is_horizontal_space(c);
        ++at_;
    }
  }
}

void SourceText::word(Passage& passage) {
  const size_t start = at_;
  while (at_ < bytes_.size() && (kClasses[byte(at_)] == kWord || kClasses[byte(at_)] == kDigit ||
                                 (bytes_[at_] == '$' && dialect_.dollars))) {
    ++at_;
  }
  std::string_view text = bytes_.substr(start, at_ - start);
  std::string joined;
  for (size_t length = splice(at_); length != 0; length = splice(at_)) {  // a word broken over lines
    joined = joined.empty() ? std::string(text) : joined;
    at_ += length;
    ++line_;
    const size_t more = at_;
    while (kClasses[byte(at_)] == kWord || (kClasses[byte(at_)] == kDigit)) {
      ++at_;
    }
    joined += bytes_.substr(more, at_ - more);
    text = joined;
  }
  if (byte(at_) == '"' && dialect_.raw_strings && is_raw_prefix(text)) {
    raw_string(passage, text);
    return;
  }
  look_at_word(text, passage, false);
}

void SourceText::look_at_word(std::string_view text, Passage& passage, bool first) {
  if (first) {
    if (dialect_.language == Language::Cxx && (text == "import" || text == "module" || text == "export")) {
      // `module` and `export` begin other lines, too; only what names a module can read a file.
      const size_t next = past_splices(at_);
      const unsigned char c = byte(next);
      if (c == ' ' || c == '\t' || c == ';' || c == '<' || c == '"') {
        const std::string_view rest = bytes_.substr(std::min(next, bytes_.size()));
        const bool harmless =
            text == "export" && !rest.starts_with(" import") && !rest.starts_with(" module");
        if (!harmless) {
          feature(passage, feature::kModules);
        }
      }
    }
    return;
  }
  switch (text[0]) {
    case '_':
      if (text == "__COUNTER__") {
        feature(passage, feature::kCounter);
      } else if (text == "__DATE__" || text == "__TIME__") {
        feature(passage, feature::kDate);
      } else if (text == "__TIMESTAMP__") {
        feature(passage, feature::kTimestamp);
      } else if (text == "_Pragma") {
        pragma_operator(passage);
      }
      break;
    case 'o':
    case 'p':
    case 's':
    case 'i':
      if (matters_in_pragma(text)) {
        pragma_word(passage, at_ - text.size());
      } else if (dialect_.language == Language::AsmWithCpp && (text == "incbin" || text == "include")) {
        skip_space();
        const size_t end = byte(at_) == '"' ? bytes_.find('"', at_ + 1) : std::string_view::npos;
        if (end == std::string_view::npos) {
          feature(passage, feature::kIncbin);
        } else {
          passage.remarks.push_back(
              {Remark::What::Incbin, line_, std::string(bytes_.substr(at_ + 1, end - at_ - 1))});
        }
      }
      break;
    default:
      break;
  }
}

// After the word _Pragma.
void SourceText::pragma_operator(Passage& passage) {
  const size_t start = at_;
  const uint32_t line = line_;
  skip_space();
  if (byte(at_) == '(') {
    ++at_;
    skip_space();
    const size_t quote = byte(at_) == 'L' ? at_ + 1 : at_;
    if (byte(quote) == '"') {
      size_t end = quote + 1;
      while (end < bytes_.size() && bytes_[end] != '"' && bytes_[end] != '\n') {
        end += bytes_[end] == '\\' ? 2U : 1U;
      }
      if (byte(end) == '"') {
        passage.remarks.push_back(
            {Remark::What::Pragma, line_, destringize(bytes_.substr(quote, end + 1 - quote))});
        at_ = end + 1;
        return;
      }
    }
  }
  at_ = start;
  line_ = line;
  feature(passage, feature::kPragmaMaker);
}

void SourceText::literal(Passage& passage) {
  const char quote = bytes_[at_];
  const size_t start = at_++;
  while (at_ < bytes_.size() && bytes_[at_] != '\n') {
    if (const size_t length = splice(at_); length != 0) {
      at_ += length;
      ++line_;
    } else if (bytes_[at_] == '\\') {
      // A splice may stand between the backslash and what it escapes.
      const size_t next = past_splices(at_ + 1);
      advance_to(next);
      at_ += byte(at_) == '\n' ? 0U : 1U;
    } else if (bytes_[at_++] == quote) {
      break;
    }
  }
  at_ = std::min(at_, bytes_.size());
  if (quote == '"') {
    look_at_string(bytes_.substr(start, at_ - start), passage, start);
  }
}

void SourceText::raw_string(Passage& passage, std::string_view /*prefix*/) {
  const size_t open = bytes_.find('(', at_);
  const std::string_view delimiter =
      open == std::string_view::npos ? "" : bytes_.substr(at_ + 1, open - at_ - 1);
  const bool valid = open != std::string_view::npos && delimiter.size() <= 16 &&
                     delimiter.find_first_of(" \t\n\\)\"") == std::string_view::npos;
  const size_t end = valid ? bytes_.find(")" + std::string(delimiter) + "\"", open) : std::string_view::npos;
  if (end == std::string_view::npos) {
    problem_ = "unterminated raw string";
    at_ = bytes_.size();
    return;
  }
  const size_t past = end + delimiter.size() + 2;
  look_at_string(bytes_.substr(at_, past - at_), passage, at_);
  advance_to(past);
}

void SourceText::look_at_string(std::string_view text, Passage& passage, size_t start) {
  if (text.find(".inc") != std::string_view::npos) {
    bool unsure = false;
    for (std::string& file : assembler_files(text, unsure)) {
      passage.remarks.push_back({Remark::What::Incbin, line_, std::move(file)});
    }
    if (unsure) {
      feature(passage, feature::kIncbin);
    }
  }
  const std::string_view inner = text.substr(1);
  const size_t end = inner.find_first_of(" (\"");
  if (end != std::string_view::npos && matters_in_pragma(inner.substr(0, end))) {
    pragma_word(passage, start);
  }
}

// `once` and the like come to be a pragma only as an argument: P(once), where P is a macro. They are names of
// variables far more often.
void SourceText::pragma_word(Passage& passage, size_t start) {
  constexpr size_t kFar = 1000;
  size_t at = start;
  for (int depth = 0; at > 0 && start - at < kFar && depth <= 0;) {
    --at;
    depth += bytes_[at] == '(' ? 1 : bytes_[at] == ')' ? -1 : 0;
    if (depth == 0 && (bytes_[at] == ';' || bytes_[at] == '{' || bytes_[at] == '}')) {
      return;
    }
  }
  size_t end = at;
  while (end > 0 &&
         (is_horizontal_space(byte(end - 1)) || bytes_[end - 1] == '\n' || bytes_[end - 1] == '\\')) {
    --end;
  }
  size_t first = end;
  while (first > 0 && (is_identifier_start(byte(first - 1)) || is_digit(byte(first - 1)))) {
    --first;
  }
  if (byte(at) == '(' && first != end) {
    passage.remarks.push_back(
        {Remark::What::PragmaWord, line_, std::string(bytes_.substr(first, end - first))});
  }
}

std::string_view SourceText::directive_line() {
  std::string_view line;
  in_directive_ = true;
  if (!plain_directive_line(line)) {
    copy_directive_line();
    line = clean_;
  }
  in_directive_ = false;
  return line;
}

// Most lines hold neither splice nor comment and need no copy.
bool SourceText::plain_directive_line(std::string_view& line) {
  const size_t end = std::min(bytes_.find('\n', at_), bytes_.size());
  line = bytes_.substr(at_, end - at_);
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool comment = c == '/' && i + 1 < line.size() && (line[i + 1] == '/' || line[i + 1] == '*');
    const bool raw = c == '"' && dialect_.raw_strings && is_raw_prefix(last_word(line.substr(0, i)));
    if (c == '\\' || comment || raw || (c == '?' && dialect_.trigraphs)) {
      return false;
    }
  }
  at_ = end;
  return true;
}

void SourceText::copy_directive_line() {
  clean_.clear();
  while (at_ < bytes_.size() && bytes_[at_] != '\n') {
    const char c = bytes_[at_];
    if (const size_t length = splice(at_); length != 0) {
      at_ += length;
      ++line_;
    } else if (c == '/') {
      skip_comment() ? clean_.push_back(' ') : (clean_.push_back(c), ++at_, void());
    } else if (c == '"' || c == '\'') {
      const bool number = c == '\'' && dialect_.digit_separators && !clean_.empty() &&
                          is_digit(static_cast<unsigned char>(clean_.back()));
      number ? (clean_.push_back(c), ++at_, void()) : copy_literal();
    } else if (c == '<' && header_name_may_follow()) {
      const size_t close = bytes_.find_first_of(">\n", at_);
      const size_t end = close == std::string_view::npos || bytes_[close] == '\n' ? at_ : close;
      clean_ += bytes_.substr(at_, end + 1 - at_);
      at_ = end + 1;
    } else if (c == '?' && dialect_.trigraphs && byte(at_ + 1) == '?') {
      constexpr std::string_view kFrom = "=()!<>'/-";
      constexpr std::string_view kTo = "#[]|{}^\\~";
      const size_t which = kFrom.find(static_cast<char>(byte(at_ + 2)));
      const bool known = which != std::string_view::npos && at_ + 2 < bytes_.size();
      clean_.push_back(known ? kTo[which] : c);
      at_ += known ? 3U : 1U;
    } else {
      clean_.push_back(c);
      ++at_;
    }
  }
}

// At a quote inside a directive: the literal as it is, so that no comment begins in it.
void SourceText::copy_literal() {
  const char quote = bytes_[at_];
  const bool raw = quote == '"' && dialect_.raw_strings && is_raw_prefix(last_word(clean_));
  clean_.push_back(bytes_[at_++]);
  if (raw) {
    const size_t open = bytes_.find('(', at_);
    const std::string close =
        ")" + std::string(open == std::string_view::npos ? "" : bytes_.substr(at_, open - at_)) + "\"";
    const size_t end = bytes_.find(close, at_);
    if (end == std::string_view::npos || bytes_.substr(at_, end - at_).find('\n') != std::string_view::npos) {
      problem_ = "raw string over several lines in a directive";
      return;
    }
    clean_ += bytes_.substr(at_, end + close.size() - at_);
    at_ = end + close.size();
    return;
  }
  while (at_ < bytes_.size() && bytes_[at_] != '\n') {
    if (const size_t length = splice(at_); length != 0) {
      at_ += length;
      ++line_;
      continue;
    }
    const char c = bytes_[at_++];
    clean_.push_back(c);
    if (c == quote) {
      return;
    }
    if (c == '\\') {
      const size_t next = past_splices(at_);
      advance_to(next);
      if (at_ < bytes_.size() && bytes_[at_] != '\n') {
        clean_.push_back(bytes_[at_++]);
      }
    }
  }
}

// Whether <...> would be a header name at the end of what is copied so far.
bool SourceText::header_name_may_follow() const {
  std::string_view before = clean_;
  const auto trim = [&before] {
    while (!before.empty() && is_horizontal_space(static_cast<unsigned char>(before.back()))) {
      before.remove_suffix(1);
    }
  };
  trim();
  std::string_view start = before;
  while (!start.empty() && is_horizontal_space(static_cast<unsigned char>(start.front()))) {
    start.remove_prefix(1);
  }
  if (start == "include" || start == "include_next" || start == "import" || start == "embed") {
    return true;
  }
  if (!before.empty() && before.back() == '(') {
    before.remove_suffix(1);
    trim();
  }
  return before.ends_with("__has_include") || before.ends_with("__has_include_next") ||
         before.ends_with("__has_embed");
}

std::vector<std::string> assembler_files(std::string_view text, bool& unsure) {
  std::vector<std::string> files;
  for (const std::string_view word : {std::string_view(".incbin"), std::string_view(".include")}) {
    for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      size_t open = at + word.size();
      while (open < text.size() && (text[open] == ' ' || text[open] == '\t')) {
        ++open;
      }
      // In C the quotes are escaped: \"file\"; in a raw string they are not.
      const std::string_view quote =
          text.substr(std::min(open, text.size())).starts_with("\\\"") ? "\\\"" : "\"";
      const std::string_view rest = text.substr(std::min(open, text.size()));
      const size_t end = rest.starts_with(quote) ? rest.find(quote, quote.size()) : std::string_view::npos;
      if (end == std::string_view::npos ||
          rest.substr(quote.size(), end - quote.size()).find('%') != std::string_view::npos) {
        unsure = true;
      } else {
        files.emplace_back(rest.substr(quote.size(), end - quote.size()));
      }
    }
  }
  return files;
}

std::string destringize(std::string_view literal) {
  std::string words;
  for (size_t at = 1; at + 1 < literal.size(); ++at) {
    if (literal[at] == '\\' && (literal[at + 1] == '"' || literal[at + 1] == '\\')) {
      ++at;
    }
    words.push_back(literal[at]);
  }
  return words;
}

}  // namespace model::scan
