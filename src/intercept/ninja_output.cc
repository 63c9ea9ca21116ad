#include "intercept/ninja_output.hh"

#include <unistd.h>

namespace intercept {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool shows_colours(const std::map<std::string, std::string>& environment) {
  const auto terminal = environment.find("TERM");
  if (::isatty(STDOUT_FILENO) == 1 && terminal != environment.end() && terminal->second != "dumb") {
    return true;
  }
  const auto forced = environment.find("CLICOLOR_FORCE");
  return forced != environment.end() && forced->second != "0";
}

// As ninja takes colours away: escape sequences up to their first letter, other escape characters alone.
std::string without_colours(std::string_view written) {
  constexpr char kEscape = '\x1b';
  std::string shown;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i] != kEscape) {
      shown += written[i];
    } else if (written.substr(i + 1, 1) == "[") {
      do {
        ++i;
      } while (i < written.size() && !is_letter(written[i]));
    }
  }
  return shown;
}

}  // namespace

std::string as_ninja_shows(std::string_view written, const std::map<std::string, std::string>& environment) {
  std::string shown = shows_colours(environment) ? std::string(written) : without_colours(written);
  if (!shown.empty() && shown.back() != '\n') {
    shown += '\n';
  }
  return shown;
}

}  // namespace intercept
