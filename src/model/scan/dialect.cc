#include "model/scan/dialect.hh"

#include <cstdlib>
#include <string>

namespace model::scan {
namespace {

// The text after "#define NAME "; nullopt when it isn't there.
std::optional<std::string_view> value(std::string_view predefined, std::string_view name) {
  const std::string start = "#define " + std::string(name);
  for (size_t at = predefined.find(start); at != std::string_view::npos;
       at = predefined.find(start, at + 1)) {
    const size_t after = at + start.size();
    const bool whole = after >= predefined.size() || predefined[after] == ' ' || predefined[after] == '\n';
    if ((at == 0 || predefined[at - 1] == '\n') && whole) {
      const size_t end = std::min(predefined.find('\n', at), predefined.size());
      return predefined.substr(std::min(after + 1, end), end - std::min(after + 1, end));
    }
  }
  return std::nullopt;
}

long number(std::string_view predefined, std::string_view name) {
  const auto text = value(predefined, name);
  return text ? std::strtol(std::string(*text).c_str(), nullptr, 10) : 0;
}

}  // namespace

Dialect dialect_of(Flavour flavour, Language language, std::string_view predefined,
                   std::optional<bool> trigraphs) {
  constexpr long kCxx11 = 201103;
  constexpr long kCxx14 = 201402;
  constexpr long kCxx17 = 201703;
  constexpr long kCxx20 = 202002;
  constexpr long kC99 = 199901;
  constexpr long kC11 = 201112;
  constexpr long kC17 = 201710;
  const long cxx = number(predefined, "__cplusplus");
  const long c = number(predefined, "__STDC_VERSION__");
  Dialect d;
  d.flavour = flavour;
  d.language = language;
  d.strict = value(predefined, "__STRICT_ANSI__").has_value();
  d.unsigned_char = value(predefined, "__CHAR_UNSIGNED__").has_value();
  d.named_operators = cxx != 0;
  d.bool_literals = cxx != 0 || c > kC17;
  d.digit_separators = cxx >= kCxx14 || c > kC17;
  d.line_comments = cxx != 0 || c >= kC99 || !d.strict || language == Language::AsmWithCpp;
  const bool gnu99 = flavour == Flavour::Gcc && !d.strict && c >= kC99 && language == Language::C;
  d.raw_strings = cxx >= kCxx11 || (cxx == 0 && gnu99);
  d.unicode_literals =
      cxx >= kCxx11 || gnu99 || (c >= kC11 && !(flavour == Flavour::Gcc && language == Language::AsmWithCpp));
  d.u8_characters = cxx >= kCxx17 || (c > kC17 && d.unicode_literals);
  d.trigraphs = trigraphs.value_or(d.strict && cxx < kCxx17 && c <= kC17);
  if (flavour == Flavour::Gcc) {
    constexpr long kSinceGcc = 12;
    d.elifdef = number(predefined, "__GNUC__") >= kSinceGcc && (!d.strict || cxx > kCxx20 || c > kC17);
    d.dollars = language != Language::AsmWithCpp;
  } else {
    constexpr long kSinceClang = 13;
    d.elifdef = number(predefined, "__clang_major__") >= kSinceClang;
    d.dollars = language != Language::AsmWithCpp;
  }
  return d;
}

}  // namespace model::scan
