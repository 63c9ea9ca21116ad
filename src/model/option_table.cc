#include "model/option_table.hh"

#include <algorithm>

namespace model {

namespace {

bool fits(const Option& option, const std::string& word) {
  if (option.arity == Arity::Flag || option.arity == Arity::Separate) {
    return word == option.spelling;
  }
  return word.starts_with(option.spelling);
}

std::optional<ParsedOption> take(const Option& option, const std::vector<std::string>& argv, size_t index) {
  const std::string& word = argv[index];
  if (option.arity == Arity::Flag) {
    return ParsedOption{&option, "", 1};
  }
  const bool joined = word.size() > option.spelling.size();
  if (option.arity == Arity::Joined || joined) {
    return ParsedOption{&option, word.substr(option.spelling.size()), 1};
  }
  if (index + 1 == argv.size()) {
    return std::nullopt;
  }
  return ParsedOption{&option, argv[index + 1], 2};
}

}  // namespace

OptionTable::OptionTable(std::span<const Option> rows) {
  for (const Option& row : rows) {
    sorted_.push_back(&row);
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const Option* a, const Option* b) { return a->spelling < b->spelling; });
}

std::optional<ParsedOption> OptionTable::parse(const std::vector<std::string>& argv, size_t index) const {
  const std::string& word = argv[index];
  // Every spelling that begins the word sorts at or before it, the longest ones last.
  auto row =
      std::upper_bound(sorted_.begin(), sorted_.end(), word,
                       [](const std::string& w, const Option* option) { return w < option->spelling; });
  const Option* best = nullptr;
  while (row != sorted_.begin()) {
    --row;
    if ((*row)->spelling.front() != word.front() || (*row)->spelling.substr(0, 2) != word.substr(0, 2)) {
      break;
    }
    if (fits(**row, word) && (best == nullptr || (*row)->spelling.size() > best->spelling.size())) {
      best = *row;
    }
  }
  return best == nullptr ? std::nullopt : take(*best, argv, index);
}

}  // namespace model
