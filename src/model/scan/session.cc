#include "model/scan/session.hh"

#include <atomic>
#include <cstdlib>
#include <utility>

namespace model::scan {
namespace {

constexpr std::string_view kFactsVersion = "scan facts 1";

// Fields that end in NUL; none of them can hold one.
std::string joined(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) {
    text += field;
    text += '\0';
  }
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> fields;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

std::string encode(const CompilerFacts& facts) {
  std::vector<std::string> fields = {std::string(kFactsVersion), facts.predefined,
                                     facts.flavour == Flavour::Clang ? "clang" : "gcc",
                                     std::to_string(facts.builtins.size())};
  fields.insert(fields.end(), facts.builtins.begin(), facts.builtins.end());
  fields.insert(fields.end(), facts.directories.begin(), facts.directories.end());
  return joined(fields);
}

std::optional<CompilerFacts> decode(const std::string& text) {
  const std::vector<std::string> fields = split(text);
  constexpr size_t kHead = 4;
  if (fields.size() < kHead || fields[0] != kFactsVersion) {
    return std::nullopt;
  }
  CompilerFacts facts;
  facts.predefined = fields[1];
  facts.flavour = fields[2] == "clang" ? Flavour::Clang : Flavour::Gcc;
  const size_t builtins = std::strtoul(fields[3].c_str(), nullptr, 10);
  if (builtins > fields.size() - kHead) {
    return std::nullopt;
  }
  const auto middle = fields.begin() + static_cast<std::ptrdiff_t>(kHead + builtins);
  facts.builtins.assign(fields.begin() + kHead, middle);
  facts.directories.assign(middle, fields.end());
  return facts;
}

Language language_of(const std::string& word) {
  return word == "c" ? Language::C : word == "c++" ? Language::Cxx : Language::AsmWithCpp;
}

Inexact refusal(std::string detail) {
  Inexact inexact;
  inexact.reason = Reason::Unsupported;
  inexact.detail = std::move(detail);
  return inexact;
}

// The variables that change what a compiler says of itself; directories of the user's are merged by us. Few,
// so that a variable of no matter does not make every compiler a new one.
bool changes_compilers(std::string_view name) {
  return name == "PATH" || name == "GCC_EXEC_PREFIX" || name == "COMPILER_PATH" ||
         name == "LD_LIBRARY_PATH" || name == "TMPDIR" || name == "CCC_OVERRIDE_OPTIONS" ||
         name == "GCC_COMPARE_DEBUG";
}

// Answers to builtin tests, kept beside the facts.
class KeptAnswers final : public Answers {
 public:
  KeptAnswers(CompilerCall call, std::string key, FactsStore* store)
      : asking_(std::move(call)), key_(std::move(key)), store_(store) {
    const auto kept = store_ == nullptr ? std::nullopt : store_->get(key_);
    const std::vector<std::string> fields = kept ? split(*kept) : std::vector<std::string>();
    std::map<std::string, int64_t> known;
    for (size_t i = 0; i + 1 < fields.size(); i += 2) {
      known[fields[i]] = std::strtoll(fields[i + 1].c_str(), nullptr, 10);
    }
    asking_.remember(known);
    kept_ = known.size();
  }

  std::optional<int64_t> answer(const std::string& question) override {
    const auto value = asking_.answer(question);
    if (store_ != nullptr) {
      keep();
    }
    return value;
  }

 private:
  void keep() {
    const size_t size = asking_.size();
    if (kept_.exchange(size) == size) {
      return;
    }
    std::vector<std::string> fields;
    for (const auto& [question, value] : asking_.known()) {
      fields.push_back(question);
      fields.push_back(std::to_string(value));
    }
    store_->put(key_, joined(fields));
  }

  AskCompiler asking_;
  std::string key_;
  FactsStore* store_;
  std::atomic<size_t> kept_ = 0;
};

struct About {
  CompilerFacts facts;
  std::unique_ptr<KeptAnswers> answers;
};

}  // namespace

struct Session::State {
  State(FileSystem& file_system, FactsStore* facts_store)
      : files(file_system), store(facts_store), scanner(file_system) {}

  base::Result<std::shared_ptr<const About>> about(const CompilerCall& call) {
    auto known = compilers.with([&](auto& map) {
      const auto found = map.find(call);
      return found == map.end() ? nullptr : found->second;
    });
    if (known) {
      return known;
    }
    const std::string key = key_of(call);
    std::optional<CompilerFacts> facts;
    if (const auto kept = store == nullptr ? std::nullopt : store->get("facts" + key)) {
      facts = decode(*kept);
    }
    if (!facts) {
      auto asked = compiler_facts(call);
      if (!asked) {
        return tl::unexpected(asked.error());
      }
      facts = *std::move(asked);
      if (store != nullptr) {
        store->put("facts" + key, encode(*facts));
      }
    }
    auto made = std::make_shared<About>();
    made->facts = *std::move(facts);
    made->answers = std::make_unique<KeptAnswers>(call, "answers" + key, store);
    return compilers.with([&](auto& map) { return map.try_emplace(call, std::move(made)).first->second; });
  }

  // The driver's own bytes are known by its stat signature, the compiler proper behind it is installed with
  // it.
  std::string key_of(const CompilerCall& call) {
    const Identity identity = files.look(call.root + call.program).identity;
    std::vector<std::string> fields = {std::string(kFactsVersion),
                                       call.program,
                                       call.language,
                                       std::to_string(identity.inode),
                                       std::to_string(identity.size),
                                       std::to_string(identity.mtime),
                                       std::to_string(identity.ctime)};
    fields.insert(fields.end(), call.options.begin(), call.options.end());
    fields.emplace_back();
    fields.insert(fields.end(), call.environment.begin(), call.environment.end());
    return joined(fields);
  }

  FileSystem& files;
  FactsStore* store;
  Scanner scanner;
  base::Guarded<std::map<CompilerCall, std::shared_ptr<const About>>> compilers;
};

Session::Session(FileSystem& files, FactsStore* facts) : state_(std::make_unique<State>(files, facts)) {}

Session::~Session() = default;

std::variant<Scanned, Owed, Inexact> Session::scan(const Unit& unit) {
  auto parsed = parse_words(unit.words, unit.environment, unit.language);
  if (const auto* word = std::get_if<std::string>(&parsed)) {
    return refusal(*word);
  }
  CommandWords& words = std::get<CommandWords>(parsed);
  CompilerCall call{unit.driver, std::move(words.compiler), unit.language, {}, "/", unit.root};
  for (const auto& [name, value] : unit.environment) {
    if (changes_compilers(name)) {
      call.environment.push_back(name + "=" + value);
    }
  }
  const auto about = state_->about(call);
  if (!about) {
    return refusal(about.error().message);
  }
  const CompilerFacts& facts = (*about)->facts;
  Dialect dialect = dialect_of(facts.flavour, language_of(unit.language), facts.predefined, words.trigraphs);
  dialect.dollars = words.dollars.value_or(dialect.dollars);
  dialect.named_operators = dialect.named_operators && words.operator_names;

  Request request;
  request.compiler = state_->scanner.compiler(dialect, facts.predefined, facts.builtins);
  request.macros = std::move(words.macros);
  request.forced = std::move(words.forced);
  MergedPath merged =
      merge(facts.flavour, words.directories, facts.directories, unit.working_directory, state_->files);
  request.path = std::move(merged.path);
  request.main_file = unit.source;
  request.working_directory = unit.working_directory;
  request.reads_stdc_predef = words.hosted;
  request.canonical_system_headers = words.canonical_system_headers;
  request.file_macros_remapped = words.file_macros_remapped;
  request.answers = (*about)->answers.get();

  Outcome outcome = state_->scanner.scan(request);
  if (auto* owed = std::get_if<Owed>(&outcome)) {
    return std::move(*owed);
  }
  if (auto* inexact = std::get_if<Inexact>(&outcome)) {
    return std::move(*inexact);
  }
  Scanned scanned{std::get<Scan>(std::move(outcome)), {}};
  scanned.scan.absent.insert(scanned.scan.absent.end(), merged.absent.begin(), merged.absent.end());
  if (words.targets.empty()) {
    words.targets.push_back({unit.target.empty() ? default_target(unit.source) : unit.target, true});
  }
  scanned.depfile = format_depfile(facts.flavour, words.targets, scanned.scan.dependencies,
                                   {unit.system_headers, words.phony_targets});
  return scanned;
}

}  // namespace model::scan
