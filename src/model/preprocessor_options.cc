#include "model/preprocessor_options.hh"

#include "model/paths.hh"

#include <span>
#include <string_view>

namespace model {

namespace {

enum class Sort : uint8_t {
  Quote,
  Bracket,
  System,
  After,
  Define,
  Undefine,
  ForDefines,  // -Wp,-D…: cc1 gets them after all others
  Include,
  Imacros,
  Root,  // a directory that moves the compiler's own
  Standard,
  Trigraphs,
  Hosted,
  Freestanding,
  NoStandardDirectories,
  CanonicalHeaders,
  NoCanonicalHeaders,
  RemapsFileMacros,
  Neutral,
  NotScanned,
};

struct Row {
  std::string_view spelling;
  Sort sort;
};

// By the spelling in the tables of drivers' options; -f options, of which that has no rows, by how they
// begin. What isn't here the compiler is asked with: its predefined macros and directories then show what it
// does.
constexpr Row kRows[] = {{"-iquote", Sort::Quote},
                         {"-I", Sort::Bracket},
                         {"-isystem", Sort::System},
                         {"-idirafter", Sort::After},
                         {"-D", Sort::Define},
                         {"-U", Sort::Undefine},
                         {"-Wp,", Sort::ForDefines},
                         {"-include", Sort::Include},
                         {"-include-pch", Sort::NotScanned},
                         {"-imacros", Sort::Imacros},
                         {"-isysroot", Sort::Root},
                         {"--sysroot=", Sort::Root},
                         {"--sysroot", Sort::Root},
                         {"-B", Sort::Root},
                         {"--prefix=", Sort::Root},
                         {"--gcc-toolchain=", Sort::Root},
                         {"-ansi", Sort::Standard},
                         {"-std=", Sort::Standard},
                         {"--std=", Sort::Standard},
                         {"-trigraphs", Sort::Trigraphs},
                         {"-nostdinc", Sort::NoStandardDirectories},
                         {"-traditional", Sort::NotScanned},
                         {"-specs=", Sort::NotScanned},  // they may define macros
                         {"--specs=", Sort::NotScanned},
                         {"-traditional-cpp", Sort::NotScanned},
                         {"--traditional-cpp", Sort::NotScanned},
                         {"--ansi", Sort::NotScanned},
                         {"--trigraphs", Sort::NotScanned},
                         {"-cxx-isystem", Sort::NotScanned},  // these three are clang's
                         {"-stdlib++-isystem", Sort::NotScanned},
                         {"-isystem-after", Sort::NotScanned},
                         {"-A", Sort::NotScanned},
                         {"-I-", Sort::NotScanned},
                         {"-fexec-charset=", Sort::NotScanned},
                         {"-fwide-exec-charset=", Sort::NotScanned},
                         {"-finput-charset=", Sort::NotScanned},
                         {"-iprefix", Sort::NotScanned},
                         {"-iwithprefix", Sort::NotScanned},
                         {"-iwithprefixbefore", Sort::NotScanned},
                         {"-iwithsysroot", Sort::NotScanned},
                         {"-W", Sort::Neutral},
                         {"-w", Sort::Neutral},
                         {"-pedantic", Sort::Neutral},
                         {"--pedantic", Sort::Neutral},
                         {"-pedantic-errors", Sort::Neutral},
                         {"-pipe", Sort::Neutral}};

constexpr Row kRowsF[] = {{"-fhosted", Sort::Hosted},
                          {"-fno-freestanding", Sort::Hosted},
                          {"-ffreestanding", Sort::Freestanding},
                          {"-fno-hosted", Sort::Freestanding},
                          {"-fcanonical-system-headers", Sort::CanonicalHeaders},
                          {"-fno-canonical-system-headers", Sort::NoCanonicalHeaders},
                          {"-fmacro-prefix-map=", Sort::RemapsFileMacros},
                          {"-ffile-prefix-map=", Sort::RemapsFileMacros},
                          {"-fdebug-prefix-map=", Sort::Neutral},
                          {"-fdiagnostics-", Sort::Neutral},
                          {"-fmessage-length=", Sort::Neutral},
                          {"-fdollars-in-identifiers", Sort::NotScanned},
                          {"-fno-dollars-in-identifiers", Sort::NotScanned},
                          {"-foperator-names", Sort::NotScanned},
                          {"-fno-operator-names", Sort::NotScanned},
                          {"-fextended-identifiers", Sort::NotScanned},
                          {"-fno-extended-identifiers", Sort::NotScanned},
                          {"-fms-compatibility", Sort::NotScanned},  // other rules for "…" (clang)
                          {"-ftrigraphs", Sort::NotScanned},
                          {"-fno-trigraphs", Sort::NotScanned},
                          {"-fdigraphs", Sort::NotScanned},
                          {"-fno-digraphs", Sort::NotScanned},
                          {"-fmax-include-depth=", Sort::NotScanned}};

std::optional<Sort> sort_of(std::string_view word, const std::optional<Match>& match) {
  for (const Row& row : kRowsF) {
    if (word.starts_with(row.spelling)) {
      return row.sort;
    }
  }
  for (const Row& row : kRows) {
    if (match && match->option->spelling == row.spelling) {
      return row.sort;
    }
  }
  return std::nullopt;
}

void add_list(const std::map<std::string, std::string>& environment, const std::string& name,
              std::vector<std::string>& directories) {
  const auto found = environment.find(name);
  if (found != environment.end()) {
    const std::vector<std::string> list = split_list(found->second);
    directories.insert(directories.end(), list.begin(), list.end());
  }
}

class Sorter {
 public:
  explicit Sorter(const DriverOptions& table) : table_(table) {}

  PreprocessorOptions run(const std::vector<std::string>& words) {
    for (size_t at = 0; at < words.size();) {
      const auto found = table_.match(words, at);
      const size_t count = found ? found->words : 1;
      take(std::span(words).subspan(at, count), found);
      at += count;
    }
    sorted_.macros.insert(sorted_.macros.end(), last_macros_.begin(), last_macros_.end());
    return std::move(sorted_);
  }

 private:
  void take(std::span<const std::string> words, const std::optional<Match>& found) {
    const auto sort = sort_of(words[0], found);
    const std::string argument(found ? found->argument : "");
    // Behind all others, past the driver.
    if (found && found->option->does == Does::ToFrontend && argument.starts_with("-include")) {
      sorted_.not_scanned = argument;
    }
    if (sort && !is_of_the_dialect(*sort)) {
      take_own(*sort, words[0], argument);
      return;
    }
    sorted_.dialect.insert(sorted_.dialect.end(), words.begin(), words.end());
    if (sort) {
      take_of_the_dialect(*sort, words[0], argument);
    }
  }

  static bool is_of_the_dialect(Sort sort) {
    switch (sort) {
      case Sort::Root:
      case Sort::Standard:
      case Sort::Trigraphs:
      case Sort::Hosted:
      case Sort::Freestanding:
      case Sort::NoStandardDirectories:
        return true;
      default:
        return false;
    }
  }

  void take_own(Sort sort, const std::string& word, const std::string& argument) {
    using scan::ForcedFile;
    using scan::MacroAction;
    switch (sort) {
      case Sort::Quote:
        return add_directory(sorted_.directories.quote, argument);
      case Sort::Bracket:
        return add_directory(sorted_.directories.bracket, argument);
      case Sort::System:
        return add_directory(sorted_.directories.system, argument);
      case Sort::After:
        return add_directory(sorted_.directories.after, argument);
      case Sort::Define:
        return sorted_.macros.push_back({MacroAction::What::Define, argument});
      case Sort::Undefine:
        return sorted_.macros.push_back({MacroAction::What::Undefine, argument});
      case Sort::ForDefines:
        return take_for_preprocessor(argument);
      case Sort::Include:
        return sorted_.forced.push_back({ForcedFile::What::Include, argument});
      case Sort::Imacros:
        return sorted_.forced.push_back({ForcedFile::What::Imacros, argument});
      case Sort::CanonicalHeaders:
      case Sort::NoCanonicalHeaders:
        sorted_.canonical_system_headers = sort == Sort::CanonicalHeaders;
        return;
      case Sort::RemapsFileMacros:
        sorted_.file_macros_remapped = true;
        return;
      case Sort::Neutral:
        return;
      default:
        sorted_.not_scanned = word;
    }
  }

  void take_of_the_dialect(Sort sort, const std::string& word, const std::string& argument) {
    switch (sort) {
      case Sort::Root:
        if (!argument.starts_with('/')) {
          sorted_.not_scanned = word;  // the compiler is asked in another directory
        }
        break;
      case Sort::Standard:
        sorted_.trigraphs = std::nullopt;
        break;
      case Sort::Trigraphs:
        sorted_.trigraphs = true;
        break;
      case Sort::Hosted:
        hosted_ = true;
        break;
      case Sort::Freestanding:
        hosted_ = false;
        break;
      default:
        standard_directories_ = false;
    }
    // gcc/c-family/c-opts.cc, push_command_line_include.
    sorted_.reads_stdc_predef = hosted_ && standard_directories_;
  }

  // A leading "=" stands for the sysroot.
  void add_directory(std::vector<std::string>& list, const std::string& directory) {
    if (directory.starts_with('=') || directory.starts_with("$SYSROOT") || directory.empty()) {
      sorted_.not_scanned = "-I" + directory;
    }
    list.push_back(directory);
  }

  void take_for_preprocessor(const std::string& argument) {
    using scan::MacroAction;
    const auto what = argument.starts_with("-D") ? MacroAction::What::Define : MacroAction::What::Undefine;
    last_macros_.push_back({what, argument.substr(2)});
  }

  const DriverOptions& table_;
  PreprocessorOptions sorted_;
  std::vector<scan::MacroAction> last_macros_;
  bool hosted_ = true;
  bool standard_directories_ = true;
};

}  // namespace

PreprocessorOptions sort_preprocessor_options(const DriverOptions& table,
                                              const std::vector<std::string>& options,
                                              const std::map<std::string, std::string>& environment,
                                              bool cxx) {
  PreprocessorOptions sorted = Sorter(table).run(options);
  add_list(environment, "CPATH", sorted.directories.bracket);
  add_list(environment, cxx ? "CPLUS_INCLUDE_PATH" : "C_INCLUDE_PATH", sorted.directories.system);
  return sorted;
}

}  // namespace model
