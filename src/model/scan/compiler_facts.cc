#include "model/scan/compiler_facts.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/subprocess.hh"

#include <array>
#include <charconv>
#include <utility>

namespace model::scan {
namespace {

// All that some compiler has without printing it; each is asked for by #ifdef.
constexpr std::array kBuiltins = {"__FILE__",
                                  "__FILE_NAME__",
                                  "__BASE_FILE__",
                                  "__LINE__",
                                  "__INCLUDE_LEVEL__",
                                  "__COUNTER__",
                                  "__DATE__",
                                  "__TIME__",
                                  "__TIMESTAMP__",
                                  "_Pragma",
                                  "__has_include",
                                  "__has_include_next",
                                  "__has_embed",
                                  "__has_attribute",
                                  "__has_cpp_attribute",
                                  "__has_c_attribute",
                                  "__has_declspec_attribute",
                                  "__has_builtin",
                                  "__has_constexpr_builtin",
                                  "__has_feature",
                                  "__has_extension",
                                  "__has_warning",
                                  "__is_identifier",
                                  "__building_module",
                                  "__is_target_arch",
                                  "__is_target_vendor",
                                  "__is_target_os",
                                  "__is_target_environment"};

constexpr std::string_view kMark = "gg_scan_has_";

base::Result<base::Completed> run(const CompilerCall& call, const std::vector<std::string>& more,
                                  const std::string& text) {
  try {
    base::Subprocess subprocess;
    subprocess.program = call.program;
    subprocess.argv.push_back(call.argv0.empty() ? call.program : call.argv0);
    subprocess.argv.insert(subprocess.argv.end(), call.options.begin(), call.options.end());
    subprocess.argv.insert(subprocess.argv.end(), more.begin(), more.end());
    subprocess.argv.insert(subprocess.argv.end(), {"-E", "-x", call.language, "-"});
    subprocess.environment = call.environment;
    subprocess.environment.emplace_back("LC_ALL=C");
    subprocess.working_directory = call.working_directory;
    subprocess.root = call.root;
    subprocess.input = text;
    base::Completed completed = base::run(subprocess);
    if (completed.exit_code != 0) {
      return base::failure("'" + call.program + "' does not preprocess a few lines: " + completed.err,
                           base::FailureKind::Deterministic);
    }
    return completed;
  } catch (const std::exception& error) {
    return base::failure(error.what());
  }
}

std::string builtin_questions() {
  std::string text;
  for (const std::string_view builtin : kBuiltins) {
    text += "#ifdef " + std::string(builtin) + "\n#define " + std::string(kMark) + std::string(builtin) +
            "\n#endif\n";
  }
  return text;
}

// Takes our own marks out of what -dM printed.
CompilerFacts sort_out(const std::string& printed) {
  CompilerFacts facts;
  const std::string mark = "#define " + std::string(kMark);
  for (size_t at = 0; at < printed.size();) {
    const size_t end = std::min(printed.find('\n', at), printed.size());
    const std::string_view line = std::string_view(printed).substr(at, end - at);
    if (line.starts_with(mark)) {
      const std::string_view name = line.substr(mark.size());
      facts.builtins.emplace_back(name.substr(0, name.find(' ')));
    } else {
      facts.predefined += line;
      facts.predefined += '\n';
    }
    at = end + 1;
  }
  return facts;
}

// What glibc, libstdc++, libc++ and widespread libraries ask. Nothing hangs on the list but time.
constexpr std::array kUsualQuestions = {"__has_attribute(__nonstring__)",
                                        "__has_attribute(__copy__)",
                                        "__has_attribute(__warn_unused_result__)",
                                        "__has_attribute(__alloc_size__)",
                                        "__has_attribute(__access__)",
                                        "__has_attribute(__fallthrough__)",
                                        "__has_attribute(fallthrough)",
                                        "__has_attribute(noreturn)",
                                        "__has_attribute(unused)",
                                        "__has_attribute(aligned)",
                                        "__has_attribute(__artificial__)",
                                        "__has_attribute(__diagnose_if__)",
                                        "__has_builtin(__builtin_expect)",
                                        "__has_builtin(__builtin_unreachable)",
                                        "__has_builtin(__builtin_bit_cast)",
                                        "__has_builtin(__builtin_is_constant_evaluated)",
                                        "__has_builtin(__builtin_addressof)",
                                        "__has_builtin(__builtin_launder)",
                                        "__has_builtin(__builtin_source_location)",
                                        "__has_builtin(__is_same)",
                                        "__has_builtin(__is_aggregate)",
                                        "__has_builtin(__has_unique_object_representations)",
                                        "__has_builtin(__builtin_toupper)",
                                        "__has_builtin(__builtin_tolower)",
                                        "__has_builtin(__builtin_clz)",
                                        "__has_builtin(__builtin_clzll)",
                                        "__has_builtin(__builtin_ctz)",
                                        "__has_builtin(__builtin_ctzll)",
                                        "__has_cpp_attribute(nodiscard)",
                                        "__has_cpp_attribute(noreturn)",
                                        "__has_cpp_attribute(deprecated)",
                                        "__has_cpp_attribute(fallthrough)",
                                        "__has_cpp_attribute(maybe_unused)",
                                        "__has_cpp_attribute(no_unique_address)",
                                        "__has_cpp_attribute(likely)",
                                        "__has_cpp_attribute(assume)"};

}  // namespace

std::optional<PrintedDirectories> parse_verbose(std::string_view text) {
  constexpr std::string_view kIgnored[] = {"ignoring nonexistent directory \"",
                                           "ignoring duplicate directory \""};
  PrintedDirectories printed;
  std::vector<std::string>* list = nullptr;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line == "#include \"...\" search starts here:") {
      list = &printed.quote;
    } else if (line == "#include <...> search starts here:") {
      list = &printed.bracket;
    } else if (line == "End of search list.") {
      return printed;
    } else if (list != nullptr && line.starts_with(' ')) {
      list->emplace_back(line.substr(1));
    }
    for (const std::string_view ignored : kIgnored) {
      if (line.starts_with(ignored) && line.ends_with('"')) {
        printed.ignored.emplace_back(line.substr(ignored.size(), line.size() - ignored.size() - 1));
      }
    }
  }
  return std::nullopt;
}

base::Result<CompilerFacts> compiler_facts(const CompilerCall& call) {
  const auto completed = run(call, {"-v", "-dM"}, builtin_questions());
  if (!completed) {
    return tl::unexpected(completed.error());
  }
  CompilerFacts facts = sort_out(completed->out);
  auto printed = parse_verbose(completed->err);
  if (!printed) {
    return base::failure("'" + call.program + "' does not say where it looks for headers (-v)",
                         base::FailureKind::Deterministic);
  }
  facts.directories = std::move(printed->bracket);
  facts.ignored = std::move(printed->ignored);
  facts.flavour =
      facts.predefined.find("#define __clang__ ") == std::string::npos ? Flavour::Gcc : Flavour::Clang;
  return facts;
}

std::optional<int64_t> AskCompiler::answer(const std::string& question) {
  bool is_first = false;
  const auto known = state_.with([&](const State& state) {
    is_first = state.answers.empty();
    const auto found = state.answers.find(question);
    return found == state.answers.end() ? std::optional<std::optional<int64_t>>() : found->second;
  });
  if (known) {
    return *known;
  }
  // Asked without the lock: two threads may ask the same, and get the same.
  std::vector<std::string> questions = {question};
  if (is_first) {
    questions.insert(questions.end(), kUsualQuestions.begin(), kUsualQuestions.end());
  }
  std::map<std::string, std::optional<int64_t>> found = ask(questions);
  if (!found[question] && questions.size() > 1) {
    found[question] = ask({question})[question];  // one of the others may be an error to this compiler
  }
  return state_.with([&](State& state) {
    state.answers.insert(found.begin(), found.end());
    state.has_news = true;
    return state.answers[question];
  });
}

std::map<std::string, std::optional<int64_t>> AskCompiler::ask(
    const std::vector<std::string>& questions) const {
  constexpr std::string_view kAnswer = "gg_scan_answer ";
  std::string text;
  for (size_t i = 0; i < questions.size(); ++i) {
    // Not in #if: there it would be an error where the compiler lacks the test.
    const std::string test = questions[i].substr(0, questions[i].find('('));
    text += "#ifdef " + test + "\ngg_scan_answer " + std::to_string(i) + " " + questions[i] + "\n#endif\n";
  }
  std::map<std::string, std::optional<int64_t>> found;
  const auto completed = run(call_, {"-P"}, text);
  if (!completed) {
    return found;
  }
  const std::string& out = completed->out;
  for (size_t at = out.find(kAnswer); at != std::string::npos; at = out.find(kAnswer, at + 1)) {
    const char* const end = out.data() + out.size();
    size_t index = 0;
    int64_t value = 0;
    const char* rest = std::from_chars(out.data() + at + kAnswer.size(), end, index).ptr;
    while (rest != end && *rest == ' ') {
      ++rest;
    }
    const auto result = std::from_chars(rest, end, value);
    const bool whole =
        result.ec == std::errc() && (result.ptr == end || *result.ptr == '\n' || *result.ptr == 'L');
    if (whole && index < questions.size()) {
      found[questions[index]] = value;
    }
  }
  return found;
}

std::optional<std::map<std::string, int64_t>> AskCompiler::take_news() {
  return state_.with([](State& state) -> std::optional<std::map<std::string, int64_t>> {
    if (!std::exchange(state.has_news, false)) {
      return std::nullopt;
    }
    std::map<std::string, int64_t> known;
    for (const auto& [question, value] : state.answers) {
      if (value) {
        known[question] = *value;
      }
    }
    return known;
  });
}

void AskCompiler::remember(const std::map<std::string, int64_t>& answers) {
  state_.with([&](State& state) { state.answers.insert(answers.begin(), answers.end()); });
}

}  // namespace model::scan
