#include "model/options.hh"

namespace model {

namespace {

bool fits(const Option& option, std::string_view word) {
  const bool whole = word.size() == option.spelling.size();
  return word.starts_with(option.spelling) &&
         (whole || option.takes == Takes::Joined || option.takes == Takes::Either);
}

}  // namespace

std::optional<Match> match(std::span<const Option> table, const std::vector<std::string>& words, size_t at) {
  const std::string_view word = words[at];
  const Option* best = nullptr;
  for (const Option& option : table) {
    if (fits(option, word) && (best == nullptr || option.spelling.size() > best->spelling.size())) {
      best = &option;
    }
  }
  if (best == nullptr) {
    return std::nullopt;
  }
  const std::string_view rest = word.substr(best->spelling.size());
  if (best->takes == Takes::Perhaps) {
    const std::string_view next = at + 1 < words.size() ? std::string_view(words[at + 1]) : "-o";
    return next.starts_with('-') && next != "-" ? Match{best, rest, 1} : Match{best, next, 2};
  }
  const bool separate = best->takes == Takes::Separate || (best->takes == Takes::Either && rest.empty());
  if (!separate) {
    return Match{best, rest, 1};
  }
  if (at + 1 >= words.size()) {
    return std::nullopt;
  }
  return Match{best, words[at + 1], 2};
}

}  // namespace model
