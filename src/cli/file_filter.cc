#include "cli/file_filter.hh"

#include <algorithm>

namespace cli {

namespace {

// One step of a pattern: a star, or what one byte has to be.
struct Step {
  enum class Kind { Byte, AnyButSlash, Set, Star, DoubleStar };

  Kind kind = Kind::Byte;
  char byte = 0;         // Byte
  std::string_view set;  // Set: what stands between the brackets

  [[nodiscard]] bool is_star() const { return kind == Kind::Star || kind == Kind::DoubleStar; }
};

// "a-z", "!x"
bool is_in_set(std::string_view set, char byte) {
  const bool negated = set.front() == '!' || set.front() == '^';
  set.remove_prefix(negated ? 1 : 0);
  bool found = false;
  for (size_t at = 0; at < set.size(); ++at) {
    const bool range = at + 2 < set.size() && set[at + 1] == '-';
    found = found || (range ? set[at] <= byte && byte <= set[at + 2] : set[at] == byte);
    at += range ? 2 : 0;
  }
  return found != negated && byte != '/';
}

bool takes(const Step& step, char byte) {
  switch (step.kind) {
    case Step::Kind::Byte:
      return byte == step.byte;
    case Step::Kind::AnyButSlash:
    case Step::Kind::Star:
      return byte != '/';
    case Step::Kind::Set:
      return is_in_set(step.set, byte);
    case Step::Kind::DoubleStar:
      return true;
  }
  return false;
}

std::vector<Step> steps_of(std::string_view pattern) {
  std::vector<Step> steps;
  while (!pattern.empty()) {
    size_t length = 1;
    const size_t end = pattern.find(']', 2);
    if (pattern.starts_with("**")) {
      steps.push_back({Step::Kind::DoubleStar, 0, {}});
      length = 2;
    } else if (pattern.front() == '*') {
      steps.push_back({Step::Kind::Star, 0, {}});
    } else if (pattern.front() == '?') {
      steps.push_back({Step::Kind::AnyButSlash, 0, {}});
    } else if (pattern.front() == '[' && end != std::string_view::npos) {
      steps.push_back({Step::Kind::Set, 0, pattern.substr(1, end - 1)});
      length = end + 1;
    } else {
      length = pattern.front() == '\\' && pattern.size() > 1 ? 2 : 1;
      steps.push_back({Step::Kind::Byte, pattern[length - 1], {}});
    }
    pattern.remove_prefix(length);
  }
  return steps;
}

// Stars may stand for nothing.
void pass_stars(const std::vector<Step>& steps, std::vector<bool>& reached) {
  for (size_t at = 0; at < steps.size(); ++at) {
    if (reached[at] && steps[at].is_star()) {
      reached[at + 1] = true;
    }
  }
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_glob(pattern, pattern.find('/') == std::string::npos ? name : path);
  });
}

}  // namespace

// All ways through the pattern at once, so that many stars cost no more than few.
bool matches_glob(std::string_view pattern, std::string_view text) {
  const std::vector<Step> steps = steps_of(pattern);
  std::vector<bool> reached(steps.size() + 1);
  reached[0] = true;
  pass_stars(steps, reached);
  for (const char byte : text) {
    std::vector<bool> next(steps.size() + 1);
    for (size_t at = 0; at < steps.size(); ++at) {
      if (reached[at] && takes(steps[at], byte)) {
        next[steps[at].is_star() ? at : at + 1] = true;
      }
    }
    pass_stars(steps, next);
    reached = std::move(next);
  }
  return reached[steps.size()];
}

bool FileFilter::takes_file(std::string_view path) const {
  return !matches_any(exclude, path) && (include.empty() || matches_any(include, path));
}

bool FileFilter::enters(std::string_view path) const {
  return !matches_any(exclude, path);
}

}  // namespace cli
