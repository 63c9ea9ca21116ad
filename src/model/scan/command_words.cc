#include "model/scan/command_words.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace model::scan {
namespace {

enum class Act : uint8_t {
  Define,
  Undefine,
  Bracket,
  Quote,
  System,
  After,
  Include,
  Imacros,
  Target,
  QuotedTarget,
  Keep,   // the compiler's facts depend on it
  Drop,   // no matter to what is read
  Refuse  // ask the compiler
};

struct Row {
  std::string_view word;
  Act act;
  bool takes_value;  // joined, or the next word
};

// The longest row that begins the word decides. What is in no row is refused.
constexpr std::array kRows = {
    Row{"-D", Act::Define, true},
    Row{"-U", Act::Undefine, true},
    Row{"-I", Act::Bracket, true},
    Row{"-iquote", Act::Quote, true},
    Row{"-isystem", Act::System, true},
    Row{"-idirafter", Act::After, true},
    Row{"-include", Act::Include, true},
    Row{"-imacros", Act::Imacros, true},
    Row{"-include-pch", Act::Refuse, false},
    Row{"-MT", Act::Target, true},
    Row{"-MQ", Act::QuotedTarget, true},
    Row{"-std=", Act::Keep, false},
    Row{"--std=", Act::Keep, false},
    Row{"-ansi", Act::Keep, false},
    Row{"-O", Act::Keep, false},
    Row{"-f", Act::Keep, false},
    Row{"-m", Act::Keep, false},
    Row{"-pthread", Act::Keep, false},
    Row{"-nostdinc", Act::Keep, false},
    Row{"-undef", Act::Keep, false},
    Row{"-trigraphs", Act::Keep, false},
    Row{"-stdlib=", Act::Keep, false},
    Row{"--target=", Act::Keep, false},
    Row{"-target", Act::Keep, true},
    Row{"--param", Act::Drop, true},
    Row{"--param=", Act::Drop, false},
    Row{"--sysroot=", Act::Keep, false},
    Row{"--sysroot", Act::Keep, true},
    Row{"-isysroot", Act::Keep, true},
    Row{"-W", Act::Drop, false},
    Row{"-Wp,", Act::Refuse, false},
    Row{"-w", Act::Drop, false},
    Row{"-g", Act::Drop, false},
    Row{"-pedantic", Act::Drop, false},
    Row{"--pedantic", Act::Drop, false},
    Row{"-pipe", Act::Drop, false},
    Row{"-C", Act::Drop, false},
    Row{"-P", Act::Drop, false},
    Row{"-s", Act::Drop, false},
    Row{"-MP", Act::Drop, false},
    Row{"-static", Act::Drop, false},
    Row{"-fdebug-prefix-map=", Act::Drop, false},
    Row{"-fmacro-prefix-map=", Act::Drop, false},
    Row{"-ffile-prefix-map=", Act::Drop, false},
    Row{"-frandom-seed", Act::Drop, false},
    Row{"-fdiagnostics-", Act::Drop, false},
    Row{"-fmessage-length=", Act::Drop, false},
    Row{"-finput-charset=", Act::Refuse, false},
    Row{"-fdirectives-only", Act::Refuse, false},
    Row{"-fpreprocessed", Act::Refuse, false},
    Row{"-fmax-include-depth", Act::Refuse, false},
    Row{"-fmodules", Act::Refuse, false},
    Row{"-fmodule-", Act::Refuse, false},
    Row{"-fplugin", Act::Refuse, false},
    Row{"-fms-", Act::Refuse, false},
};

const Row* row_of(std::string_view word) {
  const Row* best = nullptr;
  for (const Row& row : kRows) {
    const bool whole = row.word == "-C" || row.word == "-P" || row.word == "-w" || row.word == "-s" ||
                       row.word == "-MP" || row.word == "-static";
    const bool fits = whole ? word == row.word : word.starts_with(row.word);
    if (fits && (best == nullptr || row.word.size() > best->word.size())) {
      best = &row;
    }
  }
  return best;
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& words) : words_(words) {}

  std::variant<CommandWords, std::string> run() {
    for (; at_ < words_.size(); ++at_) {
      if (!take(words_[at_])) {
        return words_[std::min(at_, words_.size() - 1)];
      }
    }
    return std::move(out_);
  }

 private:
  bool take(const std::string& word) {
    const Row* row = row_of(word);
    if (row == nullptr || row->act == Act::Refuse || word == "-I-") {
      return false;
    }
    std::string value;
    if (row->takes_value) {
      const bool joined = word.size() > row->word.size();
      if (!joined && at_ + 1 == words_.size()) {
        return false;
      }
      value = joined ? word.substr(row->word.size()) : words_[++at_];
    }
    return act(*row, word, value);
  }

  bool act(const Row& row, const std::string& word, const std::string& value) {
    // A leading "=" or $SYSROOT stands for the system root.
    const bool rooted = value.starts_with('=') || value.starts_with("$SYSROOT");
    switch (row.act) {
      case Act::Define:
        out_.macros.push_back({MacroAction::What::Define, value});
        return true;
      case Act::Undefine:
        out_.macros.push_back({MacroAction::What::Undefine, value});
        return true;
      case Act::Bracket:
        out_.directories.bracket.push_back(value);
        return !rooted;
      case Act::Quote:
        out_.directories.quote.push_back(value);
        return !rooted;
      case Act::System:
        out_.directories.system.push_back(value);
        return !rooted;
      case Act::After:
        out_.directories.after.push_back(value);
        return !rooted;
      case Act::Include:
        out_.forced.push_back({ForcedFile::What::Include, value});
        return true;
      case Act::Imacros:
        out_.forced.push_back({ForcedFile::What::Imacros, value});
        return true;
      case Act::Target:
      case Act::QuotedTarget:
        out_.targets.push_back({value, row.act == Act::QuotedTarget});
        return true;
      case Act::Keep:
        out_.compiler.push_back(word);
        if (row.takes_value && word == row.word) {
          out_.compiler.push_back(value);
        }
        remember(word);
        return true;
      default:
        out_.phony_targets = out_.phony_targets || word == "-MP";
        out_.file_macros_remapped = out_.file_macros_remapped || word.starts_with("-fmacro-prefix-map=") ||
                                    word.starts_with("-ffile-prefix-map=");
        return true;
    }
  }

  void remember(const std::string& word) {
    if (word == "-ffreestanding" || word == "-fno-hosted") {
      hosted_ = false;
    } else if (word == "-fhosted" || word == "-fno-freestanding") {
      hosted_ = true;
    } else if (word == "-nostdinc") {
      standard_directories_ = false;
    } else if (word == "-trigraphs") {
      out_.trigraphs = true;
    } else if (word == "-ftrigraphs" || word == "-fno-trigraphs") {
      out_.trigraphs = word == "-ftrigraphs";
    } else if (word == "-fdollars-in-identifiers" || word == "-fno-dollars-in-identifiers") {
      out_.dollars = word == "-fdollars-in-identifiers";
    } else if (word == "-fno-operator-names") {
      out_.operator_names = false;
    } else if (word == "-fno-canonical-system-headers") {
      out_.canonical_system_headers = false;
    }
    out_.hosted = hosted_ && standard_directories_;
  }

  const std::vector<std::string>& words_;
  size_t at_ = 0;
  bool hosted_ = true;
  bool standard_directories_ = true;
  CommandWords out_;
};

void add_path_variable(const std::map<std::string, std::string>& environment, const std::string& name,
                       std::vector<std::string>& directories) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) {
    return;
  }
  const std::string& text = found->second;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(':', at), text.size());
    directories.push_back(end == at ? "." : text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

std::variant<CommandWords, std::string> parse_words(const std::vector<std::string>& words,
                                                    const std::map<std::string, std::string>& environment,
                                                    const std::string& language) {
  for (const char* writes : {"DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"}) {
    if (environment.contains(writes)) {
      return std::string(writes);
    }
  }
  auto parsed = Parser(words).run();
  if (auto* out = std::get_if<CommandWords>(&parsed)) {
    add_path_variable(environment, "CPATH", out->directories.bracket);
    add_path_variable(environment, language == "c++" ? "CPLUS_INCLUDE_PATH" : "C_INCLUDE_PATH",
                      out->directories.system);
  }
  return parsed;
}

}  // namespace model::scan
