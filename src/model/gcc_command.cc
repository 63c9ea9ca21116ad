#include "model/gcc_command.hh"

#include "base/files.hh"
#include "model/binutils_options.hh"
#include "model/clang_options.hh"
#include "model/gcc_options.hh"
#include "model/paths.hh"

#include <algorithm>
#include <iterator>
#include <map>

namespace model {

namespace {

// GCC's manual, "Options Controlling the Kind of Output". What isn't here is given to the linker.
const std::map<std::string_view, Language>& languages_by_extension() {
  using enum Language;
  static const std::map<std::string_view, Language> table = {{".c", C},
                                                             {".i", PreprocessedC},
                                                             {".ii", PreprocessedCxx},
                                                             {".cc", Cxx},
                                                             {".cp", Cxx},
                                                             {".cxx", Cxx},
                                                             {".cpp", Cxx},
                                                             {".CPP", Cxx},
                                                             {".c++", Cxx},
                                                             {".C", Cxx},
                                                             {".h", CHeader},
                                                             {".H", CxxHeader},
                                                             {".hh", CxxHeader},
                                                             {".hp", CxxHeader},
                                                             {".hxx", CxxHeader},
                                                             {".hpp", CxxHeader},
                                                             {".HPP", CxxHeader},
                                                             {".h++", CxxHeader},
                                                             {".tcc", CxxHeader},
                                                             {".s", Assembler},
                                                             {".S", PreprocessedAssembler},
                                                             {".sx", PreprocessedAssembler}};
  return table;
}

// Sources of what is not modelled: Objective-C, Fortran, Ada, D, Go, and the rest of the manual's
// list.
constexpr std::string_view kForeignExtensions[] = {
    ".m",   ".mi",  ".mm",  ".M",   ".mii", ".f",   ".for", ".ftn",  ".F",   ".FOR",
    ".fpp", ".FPP", ".FTN", ".f90", ".f95", ".f03", ".f08", ".F90",  ".F95", ".F03",
    ".F08", ".go",  ".d",   ".di",  ".dd",  ".ads", ".adb", ".brig", ".mod"};

bool is_bitcode(std::string_view path) {
  return extension(path) == ".ll" || extension(path) == ".bc";
}

// Of clang's compiler, and of LLVM's passes.
bool names_plugin(std::string_view word) {
  return word.starts_with("-load") || word.starts_with("-plugin") || word == "-add-plugin" ||
         word.starts_with("-fpass-plugin");
}

// What the drivers for C++ take it for.
Language as_cxx(Language language) {
  switch (language) {
    case Language::C:
      return Language::Cxx;
    case Language::CHeader:
      return Language::CxxHeader;
    case Language::PreprocessedC:
      return Language::PreprocessedCxx;
    default:
      return language;
  }
}

std::optional<Language> language_called(std::string_view name) {
  using enum Language;
  for (const Language language :
       {C, Cxx, CHeader, CxxHeader, PreprocessedC, PreprocessedCxx, Assembler, PreprocessedAssembler}) {
    if (name == spelling(language)) {
      return language;
    }
  }
  return std::nullopt;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    const size_t comma = text.find(',');
    words.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) {
      return words;
    }
    text.remove_prefix(comma + 1);
  }
}

// Do these specs only add to what all stages get, or to what the linker gets? What they give to the compiler
// alone, the preprocessor isn't told when it is asked for dependencies; and some lead to other files, or to
// this machine's processor.
bool has_plain_specs(std::string_view text) {
  for (const std::string_view word : {"%include", "%:", "specs", "plugin", "profile", "native", "-B"}) {
    if (text.find(word) != std::string_view::npos) {
      return false;
    }
  }
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if ((line.starts_with('*') || line.starts_with('%')) && line != "*self_spec:" && line != "*link:") {
      return false;
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

class Parser {
 public:
  Parser(Driver driver, const ReadText& read) : driver_(driver), read_(read) {}

  std::variant<GccCommand, Declined> run(const std::vector<std::string>& argv) {
    expand({argv.begin() + 1, argv.end()}, 0);
    if (driver_ == Driver::Preprocessor) {
      stop_after(GccCommand::Goal::Preprocess);
    }
    for (size_t at = 0; at < command_.words.size() && !declined_;) {
      at += take(at);
    }
    if (!declined_) {
      check_whole();
    }
    if (declined_) {
      return *declined_;
    }
    return std::move(command_);
  }

 private:
  void decline(std::string_view reason, std::string_view detail) {
    if (!declined_) {
      declined_ = Declined{std::string(reason), std::string(detail)};
    }
  }

  // Response files may hold response files; GCC gives up after 2000, long before which we do.
  void expand(const std::vector<std::string>& words, int depth) {
    for (const std::string& word : words) {
      const auto text = word.starts_with('@') && word.size() > 1 ? read_(word.substr(1)) : std::nullopt;
      if (!text) {
        command_.words.push_back(word);
      } else if (depth > 10) {
        decline("nested-response-files", word);
        return;
      } else {
        command_.read_files.push_back(word.substr(1));
        expand(split_response_file(*text), depth + 1);
      }
    }
  }

  // How many words it took.
  size_t take(size_t at) {
    const std::string& word = command_.words[at];
    if (word == "-") {
      decline("standard-input", word);
      return 1;
    }
    if (!word.starts_with('-')) {
      take_file(word);
      return 1;
    }
    const DriverOptions& table = is_clang(driver_) ? clang_options() : gcc_options();
    const auto found = table.match(command_.words, at);
    if (!found) {
      decline("unknown-option", word);
      return 1;
    }
    if (found->option->does == Does::OneToPreprocessor) {
      return take_passed_on(at);
    }
    apply(*found, at);
    return found->words;
  }

  void take_file(const std::string& path) {
    if (driver_ == Driver::Preprocessor && !command_.sources.empty()) {
      command_.output ? decline("one-output-for-many", path) : take_output(path);
      return;
    }
    if (language_) {
      command_.sources.push_back({path, *language_});
      return;
    }
    if (driver_ == Driver::Preprocessor) {
      take_for_preprocessing(path);
      return;
    }
    if (const auto known = language_of(path)) {
      command_.sources.push_back({path, is_cxx(driver_) ? as_cxx(*known) : *known});
    } else if (is_foreign(path) || (is_clang(driver_) && is_bitcode(path))) {
      decline("unknown-language", path);
    } else {
      command_.link_files.push_back(path);
    }
  }

  // cpp takes for C what it does not know, and what has been preprocessed, too (gcc/c-family/cppspec.cc).
  void take_for_preprocessing(const std::string& path) {
    const std::string_view suffix = extension(path);
    const auto known = language_of(path);
    if (suffix == ".m") {
      decline("unknown-language", path);
    } else if (suffix == ".s") {
      command_.sources.push_back({path, Language::PreprocessedAssembler});
    } else if (!known || suffix == ".i" || suffix == ".ii" || suffix == ".CPP" || is_header(*known)) {
      command_.sources.push_back({path, Language::C});
    } else {
      command_.sources.push_back({path, *known});
    }
  }

  void repeat(size_t at, size_t count) {
    const auto first = command_.words.begin() + static_cast<std::ptrdiff_t>(at);
    command_.preprocessing.insert(command_.preprocessing.end(), first,
                                  first + static_cast<std::ptrdiff_t>(count));
  }

  void apply(const Match& found, size_t at) {
    const std::string argument(found.argument);
    switch (found.option->does) {
      case Does::Declines:
        decline(found.option->word, command_.words[at]);
        break;
      case Does::ChoosesLinker:
        take_linker(argument);
        break;
      case Does::Compile:
      case Does::Assembly:
        if (driver_ == Driver::Preprocessor) {
          decline("unknown-option", command_.words[at]);
        }
        stop_after(found.option->does == Does::Compile ? GccCommand::Goal::Compile
                                                       : GccCommand::Goal::Assembly);
        break;
      case Does::Preprocess:
        stop_after(GccCommand::Goal::Preprocess);
        break;
      case Does::TellDependencies:
        stop_after(GccCommand::Goal::Dependencies);
        break;
      case Does::CheckSyntax:
        stop_after(GccCommand::Goal::Syntax);
        break;
      case Does::Charset:
        command_.converts_charsets = true;
        repeat(at, found.words);
        break;
      case Does::UsesProfile:
        command_.uses_profile = true;
        if (found.option->takes == Takes::Joined) {
          command_.profile = argument;
        }
        break;
      case Does::ProfilePrefix:
        renames_profile_ = true;
        repeat(at, found.words);
        break;
      case Does::GuessMissing:
        guesses_missing_ = true;
        break;
      case Does::Bitcode:
        command_.bitcode = true;
        break;
      case Does::ExternalAssembler:
        command_.assembles_outside = true;
        repeat(at, found.words);
        break;
      case Does::Output:
        take_output(argument);
        break;
      case Does::Language:
        take_language(argument);
        break;
      case Does::SearchDirectory:
        command_.search_directories.push_back(argument);
        repeat(at, found.words);
        break;
      case Does::DependenciesAll:
      case Does::DependenciesUser:
      case Does::DependencyFile:
      case Does::DependencyTarget:
      case Does::DependencyPhony:
        take_dependencies(found);
        break;
      case Does::ToPreprocessor:
        take_for_preprocessor(split_commas(argument), at);
        break;
      case Does::OneToPreprocessor:
        break;  // a run of them is taken at once: see take_passed_on
      case Does::ToAssembler:
        take_for_assembler(found, at);
        break;
      case Does::ToLinker:
      case Does::LinkOnly:
      case Does::LinkInput:
      case Does::LibraryDirectory:
        break;  // the driver itself says what the linker gets: see link.cc
      case Does::ReadsFile:
        command_.read_files.push_back(argument);
        break;
      case Does::CompilerReads:
        command_.read_files.push_back(argument);
        repeat(at, found.words);
        break;
      case Does::Toolchain:
        take_toolchain(found, at);
        break;
      case Does::WritesFile:
      case Does::ReadsNamedFile:
      case Does::WritesNamedFile:
      case Does::RunsProgram:
        decline("unknown-option", command_.words[at]);
        break;
      case Does::DiagnosticsColour:
        command_.decides_colour = true;
        break;
      case Does::RecordsCommandLine:
        command_.records_command_line = true;
        repeat(at, found.words);
        break;
      case Does::Specs:
        take_specs(argument);
        repeat(at, found.words);
        break;
      case Does::ToFrontend:
      case Does::ToBackend:
        take_inner(found, at);
        break;
      case Does::TakesPrecompiled:
        command_.precompiled = argument;
        repeat(at, found.words);
        break;
      case Does::DatabaseFragment:
        command_.database_fragment = argument;
        command_.records_command_line = true;
        break;
      case Does::KeepsStages:
        command_.keeps_stages = true;
        break;
      case Does::WritesBeside:
        command_.beside.emplace_back(found.option->word);
        repeat(at, found.words);
        break;
      case Does::Debug:
        command_.debugs = !found.option->spelling.ends_with('0');  // the last one counts
        repeat(at, found.words);
        break;
      case Does::NativeProcessor:
        command_.native_processor = true;
        repeat(at, found.words);
        break;
      case Does::LinkTimeOptimisation:
        command_.optimises_at_link_time = true;
        link_needs_ = found.option->word;
        repeat(at, found.words);
        break;
      case Does::Neutral:
        repeat(at, found.words);
        break;
    }
  }

  void take_linker(const std::string& name) {
    const bool known = name == "bfd" || name == "gold" || name == "lld" || name == "mold";
    if (!known) {
      decline("other-linker", name);
    }
    command_.linker = "ld." + name;
  }

  // The earliest stage that any option names is the last one run, wherever it stands.
  void stop_after(GccCommand::Goal goal) { command_.goal = std::max(command_.goal, goal); }

  void take_output(const std::string& path) {
    if (is_stream(path)) {
      decline("special-output", path);
    }
    command_.output = path;
  }

  void take_language(const std::string& name) {
    if (name == "none") {
      language_ = std::nullopt;
      return;
    }
    language_ = language_called(name);
    if (!language_) {
      decline("unknown-language", name);
    }
  }

  void take_dependencies(const Match& found) {
    DependencyFile& dependencies = command_.dependencies;
    const bool wants =
        found.option->does == Does::DependenciesUser || found.option->does == Does::DependenciesAll;
    if (wants && dependencies.asked_of_preprocessor) {
      decline("one-depfile-for-many", found.option->spelling);
    }
    switch (found.option->does) {
      case Does::DependenciesUser:
        // -MD wins over -MMD wherever it stands, as gcc's specs order them for cc1... which takes the last:
        // so both together are not ours to guess.
        if (dependencies.wanted && !dependencies.user_headers_only) {
          decline("both-md-and-mmd", "-MMD");
        }
        dependencies.wanted = dependencies.user_headers_only = true;
        break;
      case Does::DependenciesAll:
        if (dependencies.user_headers_only) {
          decline("both-md-and-mmd", "-MD");
        }
        dependencies.wanted = true;
        break;
      case Does::DependencyFile:
        // "-" is said with the diagnostics' promptness: on the command's own standard output.
        if (found.argument != "-" && is_stream(found.argument)) {
          decline("special-output", found.argument);
        }
        dependencies.path = found.argument;
        break;
      case Does::DependencyTarget:
        dependencies.targets.push_back({std::string(found.argument), found.option->spelling.ends_with('Q')});
        break;
      default:
        dependencies.phony_targets = true;
    }
  }

  // -Wp,-MD,file and its like, as kbuild and old autotools write it; -Wp,-D… is -D….
  void take_for_preprocessor(const std::vector<std::string>& words, size_t at) {
    DependencyFile& dependencies = command_.dependencies;
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const bool dependency = word == "-MD" || word == "-MMD";
      const bool target = word == "-MT" || word == "-MQ";
      if (dependency && i + 1 < words.size() && !dependencies.wanted) {
        dependencies.wanted = true;
        dependencies.asked_of_preprocessor = !is_clang(driver_);  // whose driver takes it for -MD -MF file
        dependencies.user_headers_only = word == "-MMD";
        if (is_stream(words[i + 1])) {
          decline("special-output", words[i + 1]);
        }
        // gcc's compiler gets it after -MF, wherever that stands.
        (is_clang(driver_) ? dependencies.path : path_of_preprocessor_) = words[++i];
      } else if (target && i + 1 < words.size() && !is_clang(driver_)) {
        dependencies.targets_of_preprocessor.push_back({words[++i], word == "-MQ"});
      } else if (word == "-MP") {
        dependencies.phony_targets = true;
      } else if ((word.starts_with("-D") || word.starts_with("-U")) && word.size() > 2) {
        command_.preprocessing.push_back("-Wp," + word);
      } else {
        decline("unknown-option", command_.words[at] + (words.size() == 1 ? " " + word : ""));
        return;
      }
    }
  }

  // -Xpreprocessor hands on one word at a time; a run of them is a list. How many words it took.
  size_t take_passed_on(size_t at) {
    std::vector<std::string> words;
    size_t next = at;
    for (; next + 1 < command_.words.size() && command_.words[next] == "-Xpreprocessor"; next += 2) {
      words.push_back(command_.words[next + 1]);
      // Asked as -Wp,… it would be two; and clang's driver makes -MD -MF of -Wp,-MD,FILE alone.
      const bool split = words.back().find(',') != std::string::npos;
      if (split || (is_clang(driver_) && words.back().starts_with("-M"))) {
        decline("pass-through", words.back());
      }
    }
    take_for_preprocessor(words, at);
    return next - at;
  }

  void take_toolchain(const Match& found, size_t at) {
    const bool names_target = found.option->spelling == "-target" || found.option->spelling == "--target=";
    command_.toolchain.push_back(
        {std::string(found.option->spelling), std::string(found.argument), found.words > 1, !names_target});
    if (found.option->spelling.find("sysroot") != std::string::npos) {
      command_.search_directories.emplace_back(found.argument);
    }
    repeat(at, found.words);
  }

  void take_for_assembler(const Match& found, size_t at) {
    const bool one_word = found.option->spelling == "-Xassembler";
    const std::vector<std::string> words =
        one_word ? std::vector<std::string>{std::string(found.argument)} : split_commas(found.argument);
    for (size_t i = 0; i < words.size(); ++i) {
      const auto known = match(as_options(), words, i);
      const bool plain = known && known->option->does == Does::Neutral;
      const bool directory = known && known->option->does == Does::SearchDirectory;
      if (!plain && !directory) {
        decline(known && !known->option->word.empty() ? known->option->word : "unknown-option",
                command_.words[at]);
        return;
      }
      if (directory) {
        command_.search_directories.emplace_back(known->argument);
      }
      i += known->words - 1;
    }
  }

  void check_whole() {
    if (command_.dependencies.asked_of_preprocessor) {
      command_.dependencies.path = path_of_preprocessor_;
    }
    const bool many = command_.sources.size() > 1;
    const bool links = command_.goal == GccCommand::Goal::Link;
    const bool tells = command_.goal == GccCommand::Goal::Dependencies;
    const bool checks = command_.goal == GccCommand::Goal::Syntax;
    const DependencyFile& dependencies = command_.dependencies;
    const bool has_target = !dependencies.targets.empty() || !dependencies.targets_of_preprocessor.empty();
    if (command_.sources.empty() && (!links || command_.link_files.empty())) {
      decline("no-input", "");
    } else if (many && !links && command_.output) {
      decline("one-output-for-many", *command_.output);
    } else if (many && dependencies.wanted && (!dependencies.path.empty() || links)) {
      decline("one-depfile-for-many", dependencies.path);
    } else if (tells && (command_.output || dependencies.wanted || !dependencies.path.empty())) {
      decline("dependencies-to-file", dependencies.path);
    } else if (!tells && !dependencies.wanted && (!dependencies.path.empty() || has_target)) {
      decline("depfile-without-md", dependencies.path);
    }
    // Files beside it would be in /dev, or nowhere, as releases please.
    const bool named_after_it = dependencies.wanted && dependencies.path.empty();
    if (command_.output == kNowhere && (named_after_it || !command_.beside.empty())) {
      decline("special-output", *command_.output);
    }
    if (guesses_missing_ && !tells) {
      decline("dependencies-only", "-MG");
    }
    if (checks && (dependencies.wanted || command_.output)) {
      decline("no-output", "-fsyntax-only");
    }
    for (const Source& source : command_.sources) {
      const bool assembles =
          source.language == Language::Assembler || source.language == Language::PreprocessedAssembler;
      const bool preprocessed =
          command_.goal == GccCommand::Goal::Preprocess && !is_preprocessed_by_us(source.language);
      if (preprocessed || (assembles && command_.goal == GccCommand::Goal::Assembly)) {
        decline("no-output", source.path);
      }
    }
    check_headers();
    check_goal();
    for (const Source& source : command_.sources) {
      if (base::is_below_dev(source.path) || source.path.empty()) {
        decline("standard-input", source.path);
      }
    }
  }

  // Distributions harden by such files.
  void take_specs(const std::string& path) {
    const auto text = read_(path);
    // Without text it is one of the compiler's own, or none.
    text&& has_plain_specs(*text) ? command_.read_files.push_back(path) : decline("specs", path);
  }

  // What clang's driver hands through to the compiler.
  void take_inner(const Match& found, size_t at) {
    const bool to_frontend = found.option->does == Does::ToFrontend;
    if (to_frontend && awaited_for_.empty() && found.argument == "-emit-pch") {
      emits_precompiled_ = true;
      return;
    }
    if (to_frontend && awaited_for_ == "-include-pch") {
      command_.precompiled = found.argument;
    }
    leaves_times_out_ = leaves_times_out_ || (to_frontend && found.argument == "-fno-pch-timestamp");
    const bool known = to_frontend ? !awaited_for_.empty() || is_neutral_frontend_option(found.argument)
                                   : is_neutral_backend_option(found.argument);
    if (to_frontend) {
      awaited_for_ = awaited_for_.empty() && takes_value(found.argument) ? found.argument : "";
    }
    if (!known) {
      decline(names_plugin(found.argument) ? "plugin" : "unknown-option",
              std::string(found.option->spelling) + " " + std::string(found.argument));
    }
    repeat(at, found.words);
  }

  void check_goal() {
    const bool preprocesses = command_.goal == GccCommand::Goal::Preprocess;
    const bool links = command_.goal == GccCommand::Goal::Link;
    // A program's profile is named by the program where sources are linked at once.
    const bool from_sources = links && !command_.sources.empty();
    if (command_.uses_profile && (renames_profile_ || from_sources)) {
      decline("profile", "-fprofile-use");
    }
    if (command_.bitcode && (links || !command_.beside.empty())) {
      decline("bitcode", "-emit-llvm");
    }
    const bool lists = links && command_.optimises_at_link_time;  // the linker's plugin keeps more
    const bool makes_nothing =
        command_.goal == GccCommand::Goal::Syntax || command_.goal == GccCommand::Goal::Dependencies;
    if (command_.keeps_stages && (lists || command_.precompiles || makes_nothing)) {
      decline("intermediate-files", "-save-temps");
    }
    if (!command_.database_fragment.empty()) {
      check_database_fragment();
    }
    if (preprocesses && (!command_.output || command_.dependencies.wanted)) {
      decline("preprocess-only", "-E");
    }
    // lto-wrapper, which the linker's plugin starts, has the driver look at the processor once more.
    const bool of_gcc = !is_clang(driver_) && (command_.debugs || command_.optimises_at_link_time);
    command_.records_options = of_gcc || command_.records_command_line;
    const bool looks_again = !is_clang(driver_) && links && command_.optimises_at_link_time;
    if (command_.native_processor && (looks_again || (is_clang(driver_) && command_.records_options))) {
      decline("native-processor", "-march=native");
    }
    // make's descriptors are not in a container, and gcc says so; clang's objects are read by a plugin.
    if (!link_needs_.empty() && command_.goal == GccCommand::Goal::Link) {
      decline(link_needs_, "-flto");
    }
    // Their names come from several sources of names where the object is a temporary file, as those are that
    // are made at link time.
    const bool temporary = !command_.sources.empty() || (links && command_.optimises_at_link_time);
    if (!command_.beside.empty() && !preprocesses && command_.goal != GccCommand::Goal::Compile &&
        temporary) {
      decline("files-beside", command_.beside.front());
    }
  }

  // Releases of clang that add to the file do so at one stroke, so many commands may share one, and in
  // parallel; but a thunk adds to what was there when it was inferred. So it has to be a file of this command
  // alone, which is named after what it makes. And what else is made has to have a name of its own.
  void check_database_fragment() {
    const std::string_view name = base_name(command_.database_fragment);
    const bool own = std::any_of(command_.sources.begin(), command_.sources.end(), [&](const Source& source) {
      return name.starts_with(std::string(stem(source.path)) + ".");
    });
    const bool of_output = command_.output && name.starts_with(std::string(stem(*command_.output)) + ".");
    const bool has_names = command_.goal != GccCommand::Goal::Link &&
                           command_.goal != GccCommand::Goal::Syntax &&
                           command_.goal != GccCommand::Goal::Dependencies;
    if (command_.sources.empty()) {
      command_.database_fragment.clear();  // clang writes none for a link of objects
    } else if (!has_names || !(own || of_output) || is_stream(command_.database_fragment)) {
      decline("compilation-database", command_.database_fragment);
    }
  }

  // What clang made before is taken where its headers' times, which it would hold against theirs in a
  // container, were left out: by the same options as these, as build systems write them.
  void check_precompiled() {
    const bool compiles = command_.goal <= GccCommand::Goal::Syntax && !emits_precompiled_;
    if (!command_.precompiled.empty() && (!leaves_times_out_ || !compiles)) {
      decline("precompiled-header",
              leaves_times_out_ ? command_.precompiled : "without -Xclang -fno-pch-timestamp");
    }
  }

  // A header by itself is compiled to what #include reads in its place.
  void check_headers() {
    const auto headers = std::count_if(command_.sources.begin(), command_.sources.end(),
                                       [](const Source& source) { return is_header(source.language); });
    const GccCommand::Goal goal = command_.goal;
    check_precompiled();
    if (headers == 0 || goal > GccCommand::Goal::Assembly) {
      if (emits_precompiled_) {
        decline("precompiled-header", "-emit-pch");
      }
      return;
    }
    const std::string& header = command_.sources.front().path;
    if (command_.output == kNowhere) {
      decline("precompiled-header", header);
    }
    const bool alone = command_.sources.size() == 1 && command_.link_files.empty();
    if (!alone || goal == GccCommand::Goal::Assembly || !command_.beside.empty() || command_.bitcode) {
      decline("precompiled-header", header);
    }
    // clang puts the times of all headers into it, and then holds them against those that it finds; those of
    // a container are not the user's.
    if (is_clang(driver_) && !leaves_times_out_) {
      decline("precompiled-header", "without -Xclang -fno-pch-timestamp");
    }
    // Its name without -o comes of several releases' different rules.
    if (!command_.output && (command_.dependencies.wanted || is_clang(driver_))) {
      decline("precompiled-header", header);
    }
    command_.precompiles = true;
    command_.seeks_linker = goal == GccCommand::Goal::Link;
    command_.goal = GccCommand::Goal::Compile;
  }

  Driver driver_;
  const ReadText& read_;
  std::string path_of_preprocessor_;  // -Wp,-MD,path
  bool renames_profile_ = false;      // -fprofile-dir, -fprofile-prefix-path
  bool guesses_missing_ = false;      // -MG
  std::string awaited_for_;           // the option whose value the next -Xclang gives
  bool emits_precompiled_ = false;    // -Xclang -emit-pch
  bool leaves_times_out_ = false;     // -Xclang -fno-pch-timestamp
  std::string_view link_needs_;       // what -flto would need that a link here does not have
  GccCommand command_;
  std::optional<Language> language_;
  std::optional<Declined> declined_;
};

}  // namespace

bool is_preprocessed_by_us(Language language) {
  return language == Language::C || language == Language::Cxx || is_header(language) ||
         language == Language::PreprocessedAssembler;
}

std::optional<Language> language_of(std::string_view path) {
  const auto known = languages_by_extension().find(extension(path));
  return known == languages_by_extension().end() ? std::nullopt : std::optional(known->second);
}

bool is_foreign(std::string_view path) {
  return std::find(std::begin(kForeignExtensions), std::end(kForeignExtensions), extension(path)) !=
         std::end(kForeignExtensions);
}

std::string_view spelling(Language language) {
  switch (language) {
    case Language::C:
      return "c";
    case Language::Cxx:
      return "c++";
    case Language::CHeader:
      return "c-header";
    case Language::CxxHeader:
      return "c++-header";
    case Language::PreprocessedC:
      return "cpp-output";
    case Language::PreprocessedCxx:
      return "c++-cpp-output";
    case Language::Assembler:
      return "assembler";
    case Language::PreprocessedAssembler:
      return "assembler-with-cpp";
  }
  return "none";
}

std::vector<std::string> split_response_file(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
    if (space && quote == 0) {
      if (inside) {
        words.push_back(std::move(word));
        word.clear();
      }
      inside = false;
      continue;
    }
    inside = true;
    if (c == '\\') {
      if (++i < text.size()) {
        word += text[i];
      }
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else {
      word += c;
    }
  }
  if (inside) {
    words.push_back(std::move(word));
  }
  return words;
}

std::vector<std::string> words_from(const std::string& directory,
                                    const std::vector<ToolchainWord>& toolchain) {
  std::vector<std::string> words;
  for (const ToolchainWord& word : toolchain) {
    const std::string argument = word.is_path ? absolute(directory, word.argument) : word.argument;
    if (word.separate) {
      words.insert(words.end(), {word.option, argument});
    } else {
      words.push_back(word.option + argument);
    }
  }
  return words;
}

std::variant<GccCommand, Declined> parse_gcc(Driver driver, const std::vector<std::string>& argv,
                                             const ReadText& read) {
  return Parser(driver, read).run(argv);
}

}  // namespace model
