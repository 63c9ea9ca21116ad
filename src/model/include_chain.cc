#include "model/include_chain.hh"

namespace model {

namespace {

constexpr std::string_view kQuoteStart = "#include \"...\" search starts here:";
constexpr std::string_view kBracketStart = "#include <...> search starts here:";
constexpr std::string_view kEnd = "End of search list.";
constexpr std::string_view kAbsent = "ignoring nonexistent directory \"";
constexpr std::string_view kGuards = "Multiple include guards may be useful for:";

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    const size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return line;
  }

 private:
  std::string_view rest_;
};

// ". path", ".. path": as deep as there are dots.
std::optional<std::string_view> entered_file(std::string_view line) {
  const size_t dots = line.find_first_not_of('.');
  const bool fits = dots != 0 && dots != std::string_view::npos && line[dots] == ' ';
  return fits ? std::optional(line.substr(dots + 1)) : std::nullopt;
}

}  // namespace

std::optional<PreprocessorReport> parse_preprocessor_report(std::string_view text) {
  PreprocessorReport report;
  std::vector<std::string>* list = nullptr;
  bool ended = false;
  Lines lines(text);
  while (const auto line = lines.next()) {
    if (*line == kGuards) {
      break;
    }
    if (*line == kQuoteStart) {
      list = &report.chain.quote;
    } else if (*line == kBracketStart) {
      list = &report.chain.bracket;
    } else if (*line == kEnd) {
      list = nullptr;
      ended = true;
    } else if (list != nullptr && line->starts_with(' ')) {
      list->emplace_back(line->substr(1));
    } else if (line->starts_with(kAbsent) && line->ends_with('"')) {
      report.chain.absent.emplace_back(line->substr(kAbsent.size(), line->size() - kAbsent.size() - 1));
    } else if (const auto file = entered_file(*line); file && ended) {
      report.entered.emplace_back(*file);
    }
  }
  return ended ? std::optional(report) : std::nullopt;
}

std::vector<std::string> prerequisites(std::string_view depfile) {
  // The targets end at the first ": " that isn't escaped; a Windows drive isn't our concern.
  std::vector<std::string> files;
  std::string word;
  bool past_targets = false;
  for (size_t i = 0; i <= depfile.size(); ++i) {
    const char c = i < depfile.size() ? depfile[i] : '\n';
    const char next = i + 1 < depfile.size() ? depfile[i + 1] : '\n';
    if (c == '\\' && next == '\n') {
      ++i;
    } else if (c == '\\' && (next == ' ' || next == '\t' || next == '#' || next == '\\')) {
      // Backslashes are doubled only where they stand before a blank.
      size_t run = 0;
      while (i + run < depfile.size() && depfile[i + run] == '\\') {
        ++run;
      }
      const char after = i + run < depfile.size() ? depfile[i + run] : '\n';
      const bool blank = after == ' ' || after == '\t';
      if (blank && run % 2 == 1) {
        word.append(run / 2, '\\');
        word += after;
        i += run;
      } else if (after == '#') {
        word.append(run - 1, '\\');
        word += '#';
        i += run;
      } else {
        word.append(run, '\\');
        i += run - 1;
      }
      continue;
    } else if (c == '$' && next == '$') {
      word += '$';
      ++i;
      continue;
    } else if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    if (!past_targets) {
      past_targets = word.ends_with(':');
    } else if (!word.empty()) {
      files.push_back(word);
    }
    word.clear();
    if (c == '\n' && past_targets) {
      break;
    }
  }
  return files;
}

}  // namespace model
