#include "model/source_words.hh"

#include "model/scan/directives.hh"
#include "model/scan/source_text.hh"

#include <string>

namespace model {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

// Is there a place where `needle` stands and `holds` (of the offset behind it)?
template <class F>
bool any_of_all(std::string_view text, std::string_view needle, const F& holds) {
  for (size_t at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) {
    if (holds(at + needle.size())) {
      return true;
    }
  }
  return false;
}

bool has_word(std::string_view text, std::string_view needle) {
  return any_of_all(text, needle, [&](size_t end) {
    const size_t start = end - needle.size();
    return (start == 0 || !is_word(text[start - 1])) && (end == text.size() || !is_word(text[end]));
  });
}

bool has_embed_directive(std::string_view text) {
  return any_of_all(text, "embed", [&](size_t end) {
    const size_t before = text.find_last_not_of(" \t", end - std::string_view("embed").size() - 1);
    return end > std::string_view("embed").size() && before != std::string_view::npos && text[before] == '#';
  });
}

// An assembler's directive with a file's name after it, also within a string of inline assembly;
// `list.include(x)` is none.
bool names_file(std::string_view text, std::string_view directive) {
  return any_of_all(text, directive, [&](size_t end) {
    const size_t name = text.find_first_not_of(" \t", end);
    if (name == std::string_view::npos) {
      return false;
    }
    return text[name] == '\\' || (name != end && text[name] == '"');  // ".incbin\t" in a literal: no blank
  });
}

bool has_assembler_file(std::string_view text) {
  return names_file(text, ".incbin") || names_file(text, ".include");
}

}  // namespace

SourceWords words_of(std::string_view text) {
  return {has_word(text, "__DATE__") || has_word(text, "__TIME__"), has_word(text, "__TIMESTAMP__"),
          has_embed_directive(text) || has_word(text, "__has_embed") || has_assembler_file(text)};
}

SourceWords words_of_cxx(std::string_view text) {
  const SourceWords raw = words_of(text);
  if (raw == SourceWords{}) {
    return raw;
  }
  scan::Dialect dialect;
  dialect.language = scan::Language::Cxx;
  dialect.raw_strings = true;
  dialect.digit_separators = true;
  scan::SourceText source(text, dialect);
  uint16_t features = 0;
  SourceWords found;
  for (bool more = true; more;) {
    scan::Passage passage;
    more = source.to_directive(passage);
    features |= passage.features;
    if (more) {
      const SourceWords line = words_of("#" + std::string(source.directive_line()));
      found.date_macro = found.date_macro || line.date_macro;
      found.timestamp_macro = found.timestamp_macro || line.timestamp_macro;
      found.reads_files = found.reads_files || line.reads_files;
    }
  }
  if (!source.problem().empty()) {
    return raw;
  }
  found.date_macro = found.date_macro || (features & scan::feature::kDate) != 0;
  found.timestamp_macro = found.timestamp_macro || (features & scan::feature::kTimestamp) != 0;
  found.reads_files = found.reads_files || has_assembler_file(text);  // it stands in a literal
  return found;
}

}  // namespace model
