#include "model/driver_options.hh"

namespace model {

namespace {

constexpr Option kNeutralF{"-f", Takes::Joined, Does::Neutral};

}  // namespace

DriverOptions::DriverOptions(std::span<const Option> table, std::span<const std::string_view> neutral_f,
                             std::span<const std::string_view> neutral_f_families)
    : table_(table), neutral_f_families_(neutral_f_families) {
  for (std::string_view text : neutral_f) {
    while (!text.empty()) {
      const size_t end = text.find(' ');
      if (end != 0) {
        neutral_f_.insert(text.substr(0, end));
      }
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
}

bool DriverOptions::is_neutral_name(std::string_view name) const {
  const size_t equals = name.find('=');
  if (neutral_f_.contains(equals == std::string_view::npos ? name : name.substr(0, equals + 1))) {
    return true;
  }
  for (const std::string_view family : neutral_f_families_) {
    if (name.starts_with(family)) {
      return true;
    }
  }
  return false;
}

bool DriverOptions::is_neutral_f(std::string_view word) const {
  if (!word.starts_with("-f")) {
    return false;
  }
  const std::string_view name = word.substr(2);
  return is_neutral_name(name) || (name.starts_with("no-") && is_neutral_name(name.substr(3)));
}

std::optional<Match> DriverOptions::match(const std::vector<std::string>& words, size_t at) const {
  const auto found = model::match(table_, words, at);
  const bool by_letter_only = found && found->option->spelling.size() == 2;  // "-f" of some targets' own
  if ((!found || by_letter_only) && is_neutral_f(words[at])) {
    return Match{&kNeutralF, std::string_view(words[at]).substr(2), 1};
  }
  return found;
}

}  // namespace model
