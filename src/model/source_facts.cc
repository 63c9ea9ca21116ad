#include "model/source_facts.hh"

#include <algorithm>
#include <optional>

namespace model {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

// Blanks, spliced lines and comments between the parts of a directive.
size_t skip_blanks(std::string_view text, size_t at) {
  for (;;) {
    if (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\f' || text[at] == '\v')) {
      ++at;
    } else if (text.substr(at).starts_with("\\\n")) {
      at += 2;
    } else if (text.substr(at).starts_with("\\\r\n")) {
      at += 3;
    } else if (text.substr(at).starts_with("/*")) {
      const size_t end = text.find("*/", at + 2);
      at = end == std::string_view::npos ? text.size() : end + 2;
    } else {
      return std::min(at, text.size());
    }
  }
}

std::string_view word_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_word(text[end])) {
    ++end;
  }
  return text.substr(at, end - at);
}

struct HeaderName {
  std::string name;
  bool quoted;
};

std::optional<HeaderName> header_name_at(std::string_view text, size_t at) {
  const char open = at < text.size() ? text[at] : '\n';
  if (open != '<' && open != '"') {
    return std::nullopt;
  }
  const size_t end = text.find_first_of(open == '<' ? ">\n" : "\"\n", at + 1);
  if (end == std::string_view::npos || text[end] == '\n') {
    return std::nullopt;
  }
  return HeaderName{std::string(text.substr(at + 1, end - at - 1)), open == '"'};
}

class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  SourceFacts run() {
    for (size_t hash = text_.find('#'); hash != std::string_view::npos; hash = text_.find('#', hash + 1)) {
      take_directive(hash + 1);
    }
    // The digraph and the trigraph of '#'.
    for (const std::string_view hash : {"%:",
                                        "?"
                                        "?="}) {
      each(hash, [&](size_t end) { take_directive(end); });
    }
    for (const std::string_view word : {"__has_include", "__has_include_next"}) {
      each(word, [&](size_t end) { take_probe(end); });
    }
    facts_.date_macro = has_word("__DATE__") || has_word("__TIME__");
    facts_.timestamp_macro = has_word("__TIMESTAMP__");
    facts_.includes_binary = facts_.includes_binary || has("__has_embed") || names_file(".incbin");
    facts_.includes_assembly = names_file(".include");
    std::sort(facts_.names.begin(), facts_.names.end());
    facts_.names.erase(std::unique(facts_.names.begin(), facts_.names.end()), facts_.names.end());
    return std::move(facts_);
  }

 private:
  template <class F>
  void each(std::string_view needle, const F& with_end) {
    for (size_t at = text_.find(needle); at != std::string_view::npos; at = text_.find(needle, at + 1)) {
      with_end(at + needle.size());
    }
  }

  [[nodiscard]] bool has(std::string_view needle) const {
    return text_.find(needle) != std::string_view::npos;
  }

  [[nodiscard]] bool has_word(std::string_view needle) const {
    for (size_t at = text_.find(needle); at != std::string_view::npos; at = text_.find(needle, at + 1)) {
      const size_t end = at + needle.size();
      if ((at == 0 || !is_word(text_[at - 1])) && (end == text_.size() || !is_word(text_[end]))) {
        return true;
      }
    }
    return false;
  }

  // An assembler's directive with a file's name after it, also within a string of inline assembly;
  // `list.include(x)` is none.
  [[nodiscard]] bool names_file(std::string_view directive) {
    bool found = false;
    each(directive, [&](size_t end) {
      const size_t name = text_.find_first_not_of(" \t", end);
      found = found ||
              (name != end && name != std::string_view::npos && (text_[name] == '"' || text_[name] == '\\'));
    });
    return found;
  }

  void take_directive(size_t at) {
    at = skip_blanks(text_, at);
    const std::string_view word = word_at(text_, at);
    if (word == "embed") {
      facts_.includes_binary = true;
    }
    if (word.size() < text_.size() - at && text_[at + word.size()] == '\\' && !word.empty() &&
        std::string_view("include_next").starts_with(word)) {
      facts_.computed_probe = true;  // a name spliced in the middle: not worth more than being careful
    }
    if (word != "include" && word != "include_next" && word != "import") {
      return;
    }
    at = skip_blanks(text_, at + word.size());
    if (auto header = header_name_at(text_, at)) {
      facts_.names.push_back({std::move(header->name), header->quoted, false});
    } else if (at < text_.size() && is_word(text_[at])) {
      facts_.computed_include = true;
    }
  }

  void take_probe(size_t at) {
    const size_t word_end = at + word_at(text_, at).size();
    if (word_end != at) {
      return;  // a longer word
    }
    at = skip_blanks(text_, at);
    if (at >= text_.size() || text_[at] != '(') {
      return;  // `defined __has_include` and the like
    }
    at = skip_blanks(text_, at + 1);
    if (auto header = header_name_at(text_, at)) {
      facts_.names.push_back({std::move(header->name), header->quoted, true});
    } else {
      facts_.computed_probe = true;
    }
  }

  std::string_view text_;
  SourceFacts facts_;
};

}  // namespace

SourceFacts facts_of(std::string_view text) {
  return Scan(text).run();
}

}  // namespace model
