#include "model/include_names.hh"

#include <cctype>

namespace model {

namespace {

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) {
    ++at;
  }
  return at;
}

// Reads <name> or "name" at the position; false if neither stands there.
bool take_header(std::string_view text, size_t at, bool next, Mentions& mentions) {
  if (at >= text.size() || (text[at] != '<' && text[at] != '"')) {
    return false;
  }
  const bool quoted = text[at] == '"';
  const size_t end = text.find_first_of(quoted ? "\"\n" : ">\n", at + 1);
  if (end == std::string_view::npos || text[end] == '\n') {
    return false;
  }
  mentions.headers.push_back({std::string(text.substr(at + 1, end - at - 1)), quoted, next});
  return true;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string_view word_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_word(text[end])) {
    ++end;
  }
  return text.substr(at, end - at);
}

void take_directive(std::string_view text, size_t hash, Mentions& mentions) {
  const size_t at = skip_blanks(text, hash + 1);
  const std::string_view name = word_at(text, at);
  if (name == "embed") {
    mentions.incbin = true;
  }
  if (name != "include" && name != "include_next" && name != "import") {
    return;
  }
  const size_t header = skip_blanks(text, at + name.size());
  if (!take_header(text, header, name == "include_next", mentions)) {
    mentions.computed = true;
  }
}

void take_has_include(std::string_view text, Mentions& mentions) {
  constexpr std::string_view kName = "__has_include";
  for (size_t at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
    const std::string_view word = word_at(text, at);
    size_t open = skip_blanks(text, at + word.size());
    if (open < text.size() && text[open] == '(') {
      open = skip_blanks(text, open + 1);
      if (!take_header(text, open, word.ends_with("_next"), mentions) && open < text.size() &&
          text[open] != '_') {
        mentions.computed = true;
      }
    }
  }
}

bool has(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace

Mentions mentions_in(std::string_view text) {
  Mentions mentions;
  for (size_t line = 0; line < text.size();) {
    const size_t first = skip_blanks(text, line);
    if (first < text.size() && text[first] == '#') {
      take_directive(text, first, mentions);
    } else if (first + 1 < text.size() && text.substr(first, 2) == "/*") {
      // "/* … */ #include": rare enough to be taken for unreadable rather than parsed.
      const size_t close = text.find("*/", first);
      const size_t end_of_line = text.find('\n', first);
      if (close != std::string_view::npos && close < end_of_line &&
          skip_blanks(text, close + 2) < text.size() && text[skip_blanks(text, close + 2)] == '#') {
        mentions.computed = true;
      }
    }
    const size_t end = text.find('\n', line);
    line = end == std::string_view::npos ? text.size() : end + 1;
  }
  take_has_include(text, mentions);
  mentions.incbin = mentions.incbin || has(text, ".incbin") || has(text, ".include");
  mentions.date = has(text, "__DATE__") || has(text, "__TIME__");
  mentions.timestamp = has(text, "__TIMESTAMP__");
  // The digraph and trigraph spellings of '#', or a spliced directive, would be passed over above.
  mentions.computed = mentions.computed || has(text, "%:include") || has(text, "?\?=") || has(text, "#\\\n");
  return mentions;
}

}  // namespace model
