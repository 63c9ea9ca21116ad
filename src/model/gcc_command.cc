#include "model/gcc_command.hh"

#include "model/gcc_options.hh"

#include <map>

namespace model {

namespace {

std::optional<Language> language_of_name(const std::string& name) {
  static const std::map<std::string, Language> by_name{{"c", Language::C},
                                                       {"c++", Language::Cxx},
                                                       {"assembler", Language::Assembler},
                                                       {"assembler-with-cpp", Language::AssemblerWithCpp},
                                                       {"cpp-output", Language::PreprocessedC},
                                                       {"c++-cpp-output", Language::PreprocessedCxx}};
  const auto found = by_name.find(name);
  if (found == by_name.end()) {
    return std::nullopt;
  }
  return found->second;
}

// By suffix (gcc's manual, "Overall Options"); what is none of these goes to the linker.
std::optional<Language> language_of_file(const std::string& path, bool cxx_driver) {
  static const std::map<std::string, Language> by_suffix{{".c", Language::C},
                                                         {".i", Language::PreprocessedC},
                                                         {".ii", Language::PreprocessedCxx},
                                                         {".cc", Language::Cxx},
                                                         {".cp", Language::Cxx},
                                                         {".cxx", Language::Cxx},
                                                         {".cpp", Language::Cxx},
                                                         {".CPP", Language::Cxx},
                                                         {".c++", Language::Cxx},
                                                         {".C", Language::Cxx},
                                                         {".s", Language::Assembler},
                                                         {".S", Language::AssemblerWithCpp},
                                                         {".sx", Language::AssemblerWithCpp}};
  static const std::vector<std::string> other_front_ends{
      ".m",   ".mi",  ".mm",  ".M",   ".mii", ".h",   ".H",   ".hh",  ".hp",  ".hxx", ".hpp", ".HPP",
      ".h++", ".tcc", ".f",   ".for", ".ftn", ".F",   ".FOR", ".fpp", ".FPP", ".FTN", ".f90", ".f95",
      ".f03", ".f08", ".F90", ".F95", ".F03", ".F08", ".go",  ".d",   ".di",  ".dd",  ".ads", ".adb"};
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) {
    return Language::LinkerInput;
  }
  const std::string suffix = path.substr(dot);
  if (const auto found = by_suffix.find(suffix); found != by_suffix.end()) {
    return cxx_driver && found->second == Language::C ? Language::Cxx : found->second;
  }
  for (const std::string& other : other_front_ends) {
    if (suffix == other) {
      return std::nullopt;
    }
  }
  return Language::LinkerInput;
}

std::vector<std::string> comma_separated(const std::string& text) {
  std::vector<std::string> words;
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find(',', from), text.size());
    words.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

const OptionTable& gcc_table() {
  static const OptionTable table(gcc_options());
  return table;
}

const OptionTable& linker_table() {
  static const OptionTable table(linker_options());
  return table;
}

const OptionTable& assembler_table() {
  static const OptionTable table(assembler_options());
  return table;
}

std::optional<Declined> check_assembler_words(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size();) {
    const auto option = assembler_table().parse(words, i);
    if (!option) {
      return Declined{"unknown-option", "-Wa," + words[i]};
    }
    if (option->option->effect != Effect::Neutral) {
      return Declined{"option", "-Wa," + words[i]};
    }
    i += option->words;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(const std::vector<std::string>& argv, bool cxx_driver) : argv_(argv), cxx_(cxx_driver) {}

  std::variant<GccCommand, Declined> run() {
    for (size_t i = 1; i < argv_.size();) {
      const std::string& word = argv_[i];
      if (word == "-") {
        return Declined{"stdin", ""};
      }
      if (!word.starts_with('-')) {
        if (auto declined = take_source(word)) {
          return *declined;
        }
        ++i;
        continue;
      }
      const auto option = gcc_table().parse(argv_, i);
      if (!option) {
        return Declined{"unknown-option", word};
      }
      if (auto declined = take_option(*option, i)) {
        return *declined;
      }
      i += option->words;
    }
    if (auto declined = take_linker_words(linker_words_, command_)) {
      return *declined;
    }
    return check();
  }

 private:
  std::optional<Declined> take_source(const std::string& word) {
    const auto language = language_ ? language_ : language_of_file(word, cxx_);
    if (!language) {
      return Declined{"language", word};
    }
    command_.sources.push_back({word, *language});
    command_.link_items.push_back({GccCommand::LinkItem::Kind::File, word, command_.static_link});
    return std::nullopt;
  }

  std::optional<Declined> take_language(const std::string& name) {
    language_.reset();
    if (name != "none") {
      language_ = language_of_name(name);
      if (!language_) {
        return Declined{"language", "-x " + name};
      }
    }
    return std::nullopt;
  }

  void keep_for_preprocessor(size_t index, size_t words) {
    for (size_t i = index; i < index + words; ++i) {
      command_.preprocessor_words.push_back(argv_[i]);
    }
  }

  std::optional<Declined> take_option(const ParsedOption& parsed, size_t index) {
    const std::string& value = parsed.value;
    switch (parsed.option->effect) {
      case Effect::Query:
        return Declined{"query", argv_[index]};
      case Effect::Decline:
        return Declined{"option", argv_[index] + ": " + std::string(parsed.option->detail)};
      case Effect::Neutral:
        keep_for_preprocessor(index, parsed.words);
        return std::nullopt;
      case Effect::Output:
        command_.output = value;
        return std::nullopt;
      case Effect::StopAfterCompile:
        command_.goal = GccCommand::Goal::Compile;
        return std::nullopt;
      case Effect::StopAfterAssemble:
        if (command_.goal == GccCommand::Goal::Link) {
          command_.goal = GccCommand::Goal::Assemble;
        }
        return std::nullopt;
      case Effect::Language:
        return take_language(value);
      case Effect::IncludeDirectory:
        command_.include_directories.push_back(value);
        keep_for_preprocessor(index, parsed.words);
        return value.starts_with('=') ? std::optional(Declined{"option", argv_[index]}) : std::nullopt;
      case Effect::IncludeFile:
        command_.include_files.push_back(value);
        keep_for_preprocessor(index, parsed.words);
        return std::nullopt;
      case Effect::DependencyOutput:
        command_.depfile =
            argv_[index] == "-MD" ? GccCommand::Depfile::All : GccCommand::Depfile::UserHeaders;
        return std::nullopt;
      case Effect::DependencyFile:
        command_.depfile_path = value;
        return std::nullopt;
      case Effect::DependencyTarget:
        command_.names_target = true;
        keep_for_preprocessor(index, parsed.words);
        return std::nullopt;
      case Effect::DependencyPhony:
        keep_for_preprocessor(index, parsed.words);
        return std::nullopt;
      default:
        return take_link_option(parsed, index);
    }
  }

  std::optional<Declined> take_link_option(const ParsedOption& parsed, size_t index) {
    const std::string& value = parsed.value;
    switch (parsed.option->effect) {
      case Effect::LibraryDirectory:
        command_.library_directories.push_back(value);
        return std::nullopt;
      case Effect::Library:
        command_.link_items.push_back({GccCommand::LinkItem::Kind::Library, value, command_.static_link});
        return std::nullopt;
      case Effect::LinkInput:
        command_.linker_files.push_back(value);
        return std::nullopt;
      case Effect::StaticLink:
        command_.static_link = true;
        return std::nullopt;
      case Effect::NoDefaultLibraries:
      case Effect::NoStandardLibraries:
        command_.default_libraries = false;
        return std::nullopt;
      case Effect::Words:
        if (parsed.option->spelling == "-Wa,") {
          return check_assembler_words(comma_separated(value));
        }
        for (const std::string& word : comma_separated(value)) {
          linker_words_.push_back(word);
        }
        return std::nullopt;
      case Effect::Word:
        linker_words_.push_back(value);
        return std::nullopt;
      case Effect::ExtraLibrary:
        keep_for_preprocessor(index, parsed.words);
        extra_libraries_.emplace_back(parsed.option->detail);
        return std::nullopt;
      case Effect::ExtraOutput:
        command_.extra_outputs.emplace_back(parsed.option->detail);
        return std::nullopt;
      default:  // -shared, -pie, -nostartfiles: nothing more is read for them
        return std::nullopt;
    }
  }

  std::variant<GccCommand, Declined> check() {
    if (command_.sources.empty()) {
      return Declined{"no-input", ""};
    }
    if (command_.output == "-" || command_.output == "/dev/null" || command_.output == "/dev/stdout") {
      return Declined{"output", command_.output};
    }
    if (command_.goal != GccCommand::Goal::Link && !command_.output.empty() && command_.sources.size() > 1) {
      return Declined{"output", "-o with several sources"};
    }
    for (const std::string& library : extra_libraries_) {
      command_.link_items.push_back({GccCommand::LinkItem::Kind::Library, library, command_.static_link});
    }
    return command_;
  }

  const std::vector<std::string>& argv_;
  bool cxx_;
  std::optional<Language> language_;  // -x
  std::vector<std::string> linker_words_;
  std::vector<std::string> extra_libraries_;
  GccCommand command_;
};

// One file's words (libiberty's buildargv): white space separates, quotes and backslashes keep.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      if (in_word) {
        words.push_back(std::move(word));
        word.clear();
        in_word = false;
      }
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) {
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

std::optional<Declined> take_linker_words(const std::vector<std::string>& words, GccCommand& command) {
  for (size_t i = 0; i < words.size();) {
    if (!words[i].starts_with('-')) {
      command.link_items.push_back({GccCommand::LinkItem::Kind::File, words[i], command.static_link});
      ++i;
      continue;
    }
    const auto option = linker_table().parse(words, i);
    if (!option) {
      return Declined{"unknown-option", "-Wl," + words[i]};
    }
    switch (option->option->effect) {
      case Effect::Neutral:
      case Effect::ArchiveMode:
        break;
      case Effect::LibraryDirectory:
        command.library_directories.push_back(option->value);
        break;
      case Effect::Library:
        command.link_items.push_back(
            {GccCommand::LinkItem::Kind::Library, option->value, command.static_link});
        break;
      case Effect::LinkInput:
        command.linker_files.push_back(option->value);
        break;
      case Effect::LinkOutput:
        command.linker_outputs.push_back(option->value);
        break;
      case Effect::Output:
        command.output = option->value;
        break;
      case Effect::Query:
        return Declined{"query", words[i]};
      default:
        return Declined{"option", "-Wl," + words[i] + ": " + std::string(option->option->detail)};
    }
    i += option->words;
  }
  return std::nullopt;
}

std::variant<GccCommand, Declined> parse_gcc(const std::vector<std::string>& argv, bool cxx_driver,
                                             const ReadFile& read_file) {
  const auto expanded = expand_response_files(argv, read_file);
  if (!expanded) {
    return Declined{"response-file", ""};
  }
  return Parser(*expanded, cxx_driver).run();
}

std::optional<std::vector<std::string>> expand_response_files(const std::vector<std::string>& argv,
                                                              const ReadFile& read_file) {
  constexpr int kMostFiles = 2000;  // libiberty's own bound against files that name themselves
  std::vector<std::string> open(argv.rbegin(), argv.rend());
  std::vector<std::string> words;
  int files = 0;
  while (!open.empty()) {
    std::string word = std::move(open.back());
    open.pop_back();
    if (word.size() < 2 || word[0] != '@' || words.empty()) {
      words.push_back(std::move(word));
      continue;
    }
    const auto text = read_file(word.substr(1));
    if (!text || ++files > kMostFiles) {
      return std::nullopt;
    }
    const std::vector<std::string> inner = words_of(*text);
    open.insert(open.end(), inner.rbegin(), inner.rend());
  }
  return words;
}

}  // namespace model
