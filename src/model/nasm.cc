#include "model/nasm.hh"

#include "base/files.hh"
#include "base/subprocess.hh"
#include "model/compiler_dependencies.hh"
#include "model/environment.hh"
#include "model/file_states.hh"
#include "model/look.hh"
#include "model/options.hh"
#include "model/paths.hh"
#include "model/step.hh"

#include <algorithm>
#include <cctype>
#include <set>

namespace model {

namespace {

using enum Takes;
using enum Does;

// nasm's manual, "Command-Line Options".
constexpr Option kNasm[] = {
    {"-o", Either, Output},
    {"-I", Either, SearchDirectory},
    {"-i", Either, SearchDirectory},
    {"-P", Either, ReadsFile},
    {"-p", Either, ReadsFile},
    {"-f", Either, Language},
    {"-F", Either, Neutral},
    {"-D", Either, Neutral},
    {"-d", Either, Neutral},
    {"-U", Either, Neutral},
    {"-u", Either, Neutral},
    {"-X", Either, Neutral},
    {"-W", Joined, Neutral},
    {"-w", Joined, Neutral},
    {"-g", Joined, Neutral},
    {"-O", Joined, Neutral},
    {"-a", Nothing, Neutral},
    {"-t", Nothing, Neutral},
    {"--reproducible", Nothing, Neutral},
    {"--no-line", Nothing, Neutral},
    {"--keep-all", Nothing, Neutral},
    {"--prefix", Separate, Neutral},
    {"--suffix", Separate, Neutral},
    {"--postfix", Separate, Neutral},
    {"--gprefix", Separate, Neutral},
    {"--gpostfix", Separate, Neutral},
    {"--lprefix", Separate, Neutral},
    {"--lpostfix", Separate, Neutral},
    {"--pragma", Separate, Neutral},
    {"--before", Separate, Neutral},
    {"-M", Nothing, Declines, "dependencies-only"},
    {"-MG", Nothing, Declines, "dependencies-only"},
    {"-MD", Perhaps, DependenciesAll},
    {"-MF", Separate, DependencyFile},
    {"-MT", Separate, DependencyTarget},
    {"-MQ", Separate, DependencyTarget},
    {"-MP", Nothing, DependencyPhony},
    {"-E", Nothing, Declines, "preprocess-only"},
    {"-e", Nothing, Declines, "preprocess-only"},
    {"-l", Joined, Declines, "listing"},
    {"-L", Joined, Declines, "listing"},
    {"-s", Joined, Declines, "pass-through"},
    {"-Z", Joined, Declines, "pass-through"},
    {"-@", Joined, Declines, "pass-through"},
    {"-v", Nothing, Declines, "query"},
    {"--v", Nothing, Declines, "query"},
    {"-h", Nothing, Declines, "query"},
    {"-y", Nothing, Declines, "query"},
    {"--version", Nothing, Declines, "query"},
    {"--help", Nothing, Declines, "query"},
};

// yasm(1).
constexpr Option kYasm[] = {
    {"-o", Either, Output},
    {"--objfile=", Joined, Output},
    {"-I", Either, SearchDirectory},
    {"-i", Either, SearchDirectory},
    {"-P", Either, ReadsFile},
    {"-f", Either, Language},
    {"--oformat=", Joined, Language},
    {"-g", Either, Neutral},
    {"--dformat=", Joined, Neutral},
    {"-a", Either, Neutral},
    {"--arch=", Joined, Neutral},
    {"-m", Either, Neutral},
    {"--machine=", Joined, Neutral},
    {"-D", Either, Neutral},
    {"-d", Either, Neutral},
    {"-U", Either, Neutral},
    {"-u", Either, Neutral},
    {"-X", Either, Neutral},
    {"-w", Nothing, Neutral},
    {"-W", Joined, Neutral},
    {"--force-strict", Nothing, Neutral},
    {"--prefix=", Joined, Neutral},
    {"--suffix=", Joined, Neutral},
    {"--postfix=", Joined, Neutral},
    // nasm's is the default; what those of gas and tasm include, -M does not tell.
    {"-p", Either, Declines, "other-language"},
    {"-pnasm", Nothing, Neutral},
    {"--parser=", Joined, Declines, "other-language"},
    {"--parser=nasm", Nothing, Neutral},
    {"-r", Either, Declines, "other-language"},
    {"-rnasm", Nothing, Neutral},
    {"--preproc=", Joined, Declines, "other-language"},
    {"--preproc=nasm", Nothing, Neutral},
    {"-l", Either, Declines, "listing"},
    {"--list=", Joined, Declines, "listing"},
    {"-L", Either, Declines, "listing"},
    {"--lformat=", Joined, Declines, "listing"},
    {"--mapfile=", Joined, Declines, "listing"},
    {"-M", Nothing, Declines, "dependencies-only"},
    {"-e", Nothing, Declines, "preprocess-only"},
    {"--preproc-only", Nothing, Declines, "preprocess-only"},
    {"-E", Either, Declines, "pass-through"},
    {"-s", Nothing, Declines, "pass-through"},
    {"-h", Nothing, Declines, "query"},
    {"--help", Nothing, Declines, "query"},
    {"--version", Nothing, Declines, "query"},
    {"--license", Nothing, Declines, "query"},
};

// A command line taken apart.
struct Command {
  std::string source;
  std::string output;
  std::string depfile;
  std::vector<std::string> dependency_words;  // -MT, -MQ, -MP, as they stood
  std::string format = "bin";
  std::vector<std::string> search_directories;
  std::vector<std::string> question;  // the words that bear on what is included
};

// COFF and its kin hold the time at which they were made; --reproducible would leave it out.
bool holds_no_time(std::string_view format) {
  return format == "bin" || format.starts_with("elf") || format.starts_with("macho");
}

// The time of day, or variables that no thunk has.
bool depends_on_more_than_files(const std::string& text) {
  constexpr std::string_view kWords[] = {"__DATE",  "__TIME",        "__POSIX_TIME", "__UTC", "__?DATE",
                                         "__?TIME", "__?POSIX_TIME", "__?UTC",       "%!"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// [map all FILE], for flat binaries: a file more, or a list on standard output.
bool asks_for_map(const std::string& text) {
  const auto is = [&](size_t at, auto is_kind) {
    return at < text.size() && is_kind(static_cast<unsigned char>(text[at])) != 0;
  };
  constexpr std::string_view kName = "map";
  for (size_t open = text.find('['); open != std::string::npos; open = text.find('[', open + 1)) {
    size_t at = open + 1;
    while (is(at, ::isblank)) {
      ++at;
    }
    size_t same = 0;
    while (same < kName.size() && at + same < text.size() &&
           std::tolower(static_cast<unsigned char>(text[at + same])) == kName[same]) {
      ++same;
    }
    if (same == kName.size() && !is(at + same, ::isalnum) && text.substr(at + same, 1) != "_") {
      return true;
    }
  }
  return false;
}

std::variant<Command, Declined> parse(std::span<const Option> table, const std::vector<std::string>& argv) {
  Command command;
  bool writes_depfile = false;
  std::optional<std::string> depfile;  // the last that is named
  for (size_t at = 1; at < argv.size();) {
    if (!argv[at].starts_with('-')) {
      if (!command.source.empty()) {
        return Declined{"unknown-option", argv[at]};
      }
      command.source = argv[at++];
      continue;
    }
    const auto found = match(table, argv, at);
    if (!found) {
      return Declined{"unknown-option", argv[at]};
    }
    const std::string argument(found->argument);
    bool repeats = false;
    switch (found->option->does) {
      case Does::Declines:
        return Declined{std::string(found->option->word), argv[at]};
      case Does::Output:
        command.output = argument;
        break;
      case DependenciesAll:
        writes_depfile = true;
        depfile = argument.empty() ? depfile : argument;
        break;
      case DependencyFile:
        depfile = argument;
        break;
      case DependencyTarget:
      case DependencyPhony:
        for (size_t i = 0; i < found->words; ++i) {
          command.dependency_words.push_back(argv[at + i]);
        }
        break;
      case Language:
        command.format = argument;
        repeats = true;
        break;
      case SearchDirectory:
        command.search_directories.push_back(argument);
        [[fallthrough]];
      default:
        repeats = true;
    }
    for (size_t i = 0; i < found->words && repeats; ++i) {
      command.question.push_back(argv[at + i]);
    }
    at += found->words;
  }
  for (const std::string& word : command.question) {
    if (depends_on_more_than_files(word)) {
      return Declined{"date-macro", word};
    }
    if (asks_for_map(word)) {
      return Declined{"listing", word};
    }
  }
  const bool reproducible = std::find(argv.begin(), argv.end(), "--reproducible") != argv.end();
  if (!reproducible && !holds_no_time(command.format)) {
    return Declined{"object-times", command.format};
  }
  if (command.source.empty() || command.source == "-") {
    return Declined{"standard-input", command.source};
  }
  if (command.output.empty() || command.output == "-" || base::is_below_dev(command.output)) {
    return Declined{"special-output", command.output};
  }
  if (writes_depfile) {
    command.depfile = depfile.value_or(command.output + ".d");
    if (command.depfile == "-" || command.depfile.empty()) {
      return Declined{"dependencies-to-file", command.depfile};
    }
  }
  return command;
}

bool includes_binary(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text.find("incbin") != std::string::npos;
}

// -MP has more rules follow, each with a blank line behind it.
std::string first_rule(const std::string& told) {
  const size_t end = told.find("\n\n");
  return end == std::string::npos ? told : told.substr(0, end + 1);
}

// The name that begins at `at`, as it is written in a depfile.
std::string_view written_name(std::string_view rule, size_t at) {
  size_t end = at;
  while (end < rule.size() && rule[end] != ' ' && rule[end] != '\n') {
    end += rule[end] == '\\' ? 2U : 1U;
  }
  return rule.substr(at, end - at);
}

// What -MD would write, made from what -M tells; nullopt: only nasm itself knows. `binary`: among the files
// told of may be some that incbin brings.
std::optional<std::string> depfile_text(NasmModel::Depfiles kind, const std::string& told, bool binary) {
  constexpr std::string_view kArrow = " : ";
  if (kind == NasmModel::Depfiles::AsTold) {
    return told;
  }
  const std::string rule = first_rule(told);
  const size_t arrow = rule.find(kArrow);
  if (kind == NasmModel::Depfiles::Otherwise || binary || arrow == std::string::npos) {
    return std::nullopt;
  }
  // The source is told of first, and where both names are long in a line of its own.
  constexpr std::string_view kLineGoesOn = "\\\n";
  size_t at = arrow + kArrow.size();
  if (rule.compare(at, kLineGoesOn.size(), kLineGoesOn) == 0) {
    at = std::min(rule.find_first_not_of(' ', at + kLineGoesOn.size()), rule.size());
  }
  const std::string source(written_name(rule, at));
  const std::string head = rule.substr(0, at);
  if (source.empty()) {
    return std::nullopt;
  }
  const bool phony = told.find("\n\n" + source + " :\n") != std::string::npos;
  return head + source + "\n\n" + (phony ? source + " :\n\n" : "");
}

}  // namespace

NasmModel::Depfiles NasmModel::depfiles_of(const std::string& path) {
  const std::string key = signature_line(path);
  return depfiles_.with([&](auto& known) {
    const auto found = known.find(key);
    if (found != known.end()) {
      return found->second;
    }
    const base::TemporaryDirectory folder;
    base::write_file_atomically(folder.path() + "/a", "%include \"b\"\nincbin \"c\"\n");
    base::write_file_atomically(folder.path() + "/b", "");
    base::write_file_atomically(folder.path() + "/c", "x");
    const auto ask = [&](std::vector<std::string> words) {
      words.insert(words.begin(), "nasm");
      words.insert(words.end(), {"-MP", "-o", "o", "a"});
      return base::run({path, words, {"LC_ALL=C"}, folder.path(), view_.pristine_root()}).out;
    };
    const std::string told = ask({"-M"});
    (void)ask({"-MD", "d"});
    const std::string written = base::read_file_if_there(folder.path() + "/d").value_or("");
    const Depfiles kind = written == told                          ? Depfiles::AsTold
                          : written == "o : a c\n\na :\n\nc :\n\n" ? Depfiles::WithoutIncludes
                                                                   : Depfiles::Otherwise;
    return known.emplace(key, kind).first->second;
  });
}

std::span<const Option> nasm_options() {
  return kNasm;
}

std::span<const Option> yasm_options() {
  return kYasm;
}

NasmModel::NasmModel(View& view, Toolchains& toolchains, ThunkBuilder& builder, const base::Clock& clock)
    : view_(view), toolchains_(toolchains), builder_(builder), clock_(clock) {}

base::Result<NasmModel::Told> NasmModel::ask_until_steady(const Invocation& invocation,
                                                          const std::vector<std::string>& question,
                                                          const std::string& source) {
  constexpr int kAttempts = 5;
  FileStates before;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const base::Nanoseconds start = clock_.wall();
    Told told;
    told.said = base::run(
        {invocation.program, question, {"LC_ALL=C"}, invocation.working_directory, view_.pristine_root()});
    told.files = prerequisites(first_rule(told.said.out));
    told.files.push_back(source);
    std::vector<std::string> paths;
    for (const std::string& file : told.files) {
      paths.push_back(absolute(invocation.working_directory, file));
    }
    FileStates states = states_of(view_, paths, start);
    if (states.settled || (attempt > 0 && states.files == before.files)) {
      for (const auto& [path, identity] : states.files) {
        told.readings.push_back({path, identity, std::nullopt});
      }
      return told;
    }
    before = std::move(states);
  }
  return base::failure("what '" + source + "' includes kept changing while it was read");
}

base::Result<Inference> NasmModel::infer(Assembler assembler, const Invocation& invocation) {
  const bool is_yasm = assembler == Assembler::Yasm;
  auto environment = thunk_environment(invocation, "");
  if (const auto* declined = std::get_if<Declined>(&environment)) {
    return Inference(*declined);
  }
  const auto parsed = parse(is_yasm ? yasm_options() : nasm_options(), invocation.argv);
  if (const auto* declined = std::get_if<Declined>(&parsed)) {
    return Inference(*declined);
  }
  const auto& command = std::get<Command>(parsed);
  Step step(view_, builder_, invocation, std::get<0>(environment));

  std::vector<std::string> question{invocation.argv[0]};
  question.insert(question.end(), command.question.begin(), command.question.end());
  if (!is_yasm) {
    question.insert(question.end(), command.dependency_words.begin(), command.dependency_words.end());
    question.insert(question.end(),
                    {"-o", command.output});  // the target of a depfile, and nothing is written to it
  }
  question.insert(question.end(), {"-M", command.source});
  const auto told = ask_until_steady(invocation, question, command.source);
  if (!told) {
    return tl::unexpected(told.error());
  }
  const auto& [said, files, readings] = *told;

  MustRead must_read;
  std::optional<Declined> declined;
  bool binary = false;
  for (const std::string& file : std::set(files.begin(), files.end())) {
    const auto entry = look_through(view_, step.in_place(file));
    if (!entry) {
      return tl::unexpected(entry.error());
    }
    if (const auto* promise = *entry ? std::get_if<object::Promise>(&**entry) : nullptr) {
      must_read.promises.push_back(*promise);
      continue;
    }
    const auto bytes = step.read_input(file);
    if (!bytes) {
      return tl::unexpected(bytes.error());
    }
    if (!*bytes) {
      declined = Declined{"missing-input", file};
    } else if (asks_for_map(**bytes)) {
      declined = Declined{"listing", file};
    } else if (depends_on_more_than_files(**bytes)) {
      declined = Declined{"date-macro", file};
    } else if (includes_binary(**bytes)) {
      binary = true;
      if (is_yasm) {  // its -M does not tell of them
        declined = Declined{"included-binary", file};
      }
    }
    step.add_input(file);
  }
  if (!must_read.promises.empty()) {
    return Inference(std::move(must_read));
  }
  if (said.exit_code != 0) {
    return Inference(Declined{"preprocessing-fails", command.source});
  }
  if (declined) {
    return Inference(*std::move(declined));
  }
  step.add_readings(readings);
  for (const std::string& directory : command.search_directories) {
    step.add_directory(directory);
  }
  if (!is_yasm) {
    step.add_variable("TZ",
                      "UTC0");  // nasm asks what time it is here, which no source that is taken can tell
  }
  step.use(*toolchains_.program(invocation.program));
  step.add_output(command.output, model::Output::Made::Always, false);
  if (!command.depfile.empty()) {
    const auto text = depfile_text(depfiles_of(invocation.program), said.out, binary);
    text ? step.add_written(command.depfile, *text)
         : step.add_output(command.depfile, model::Output::Made::Always, false);
  }
  return step.finish("assemble " + command.source);
}

}  // namespace model
