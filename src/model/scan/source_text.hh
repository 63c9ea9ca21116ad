#pragma once

#include "model/scan/dialect.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

// A _Pragma with a literal, a word that a macro might make one of, or an assembler file, met in text.
struct Remark {
  enum class What : uint8_t { Pragma, PragmaWord, Incbin };
  What what;
  uint32_t line;
  std::string text;  // the pragma's words; who is called with such a word; the file's name
};

// What lies between two directives.
struct Passage {
  uint16_t features = 0;
  bool tokens = false;  // anything but white space and comments
  uint32_t line = 0;    // of the first feature
  std::vector<Remark> remarks;
};

// Walks over one file's bytes: text is skimmed, directive lines are handed out clean.
// Splices, trigraphs, comments, literals and raw strings are seen as translation phases 1 to 3 ask.
class SourceText {
 public:
  SourceText(std::string_view bytes, const Dialect& dialect);

  // Goes on to the next directive (then true, and its '#' is behind) or to the end.
  [[nodiscard]] bool to_directive(Passage& passage);

  // The logical line after '#', comments made a space, splices gone. Valid until the next call.
  [[nodiscard]] std::string_view directive_line();

  [[nodiscard]] uint32_t line() const { return line_; }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  [[nodiscard]] unsigned char byte(size_t at) const {
    return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0;
  }

  [[nodiscard]] size_t splice(size_t at) const;
  [[nodiscard]] size_t past_splices(size_t at);
  void advance_to(size_t end);
  [[nodiscard]] bool line_comment_at(size_t second_slash) const;
  bool skip_comment();
  void skip_line_comment();
  void skip_block_comment();
  bool skip_space();
  void text_line(Passage& passage);
  void word(Passage& passage);
  void literal(Passage& passage);
  void raw_string(Passage& passage, std::string_view prefix);
  void pragma_operator(Passage& passage);
  void look_at_string(std::string_view text, Passage& passage, size_t start);
  void look_at_word(std::string_view text, Passage& passage, bool first);
  void pragma_word(Passage& passage, size_t start);
  void feature(Passage& passage, uint16_t bit);
  bool plain_directive_line(std::string_view& line);
  void copy_directive_line();
  void copy_literal();
  [[nodiscard]] bool header_name_may_follow() const;

  std::string_view bytes_;
  const Dialect& dialect_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  bool in_directive_ = false;
  std::string clean_;
  std::string problem_;
};

// The files that .incbin and .include directives in assembler text name; empty when a name is not whole.
[[nodiscard]] std::vector<std::string> assembler_files(std::string_view text, bool& unsure);

// The words of _Pragma("…").
[[nodiscard]] std::string destringize(std::string_view literal);

}  // namespace model::scan
