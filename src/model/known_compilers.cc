#include "model/known_compilers.hh"

#include "model/netstrings.hh"
#include "object/hash.hh"

#include <algorithm>
#include <charconv>
#include <map>

namespace model {

namespace {

// Bump with every change of the call, of what is asked, or of the record.
constexpr std::string_view kKeyVersion = "model: compiler, version 1";

// A header is preprocessed as its language's sources are.
Language as_source(Language language) {
  return language == Language::CHeader     ? Language::C
         : language == Language::CxxHeader ? Language::Cxx
                                           : language;
}

scan::CompilerCall call_of(const PreprocessingQuestion& question, const PreprocessorOptions& options,
                           const std::string& root) {
  scan::CompilerCall call;
  call.program = question.toolchain->driver;
  call.argv0 = question.argv0;
  call.options = options.dialect;
  call.language = spelling(as_source(question.source.language));
  // The rest of it is the command line's (CPATH) or no matter here (PWD, locales, SOURCE_DATE_EPOCH).
  if (const auto path = question.environment.find("PATH"); path != question.environment.end()) {
    call.environment = {"PATH=" + path->second};
  }
  call.working_directory = "/";
  call.root = root;
  return call;
}

object::Digest name_of(const scan::CompilerCall& call, const object::Digest& toolchain) {
  object::Hasher hasher;
  const auto add = [&](std::string_view part) {
    hasher.add(part);
    hasher.add(std::string_view("\0", 1));
  };
  add(kKeyVersion);
  add(toolchain.to_string());
  add(call.program);
  add(call.argv0);
  add(call.language);
  for (const auto* list : {&call.options, &call.environment}) {
    add(std::to_string(list->size()));
    for (const std::string& word : *list) {
      add(word);
    }
  }
  return hasher.take();
}

scan::Language scan_language(Language language) {
  switch (language) {
    case Language::Cxx:
    case Language::CxxHeader:
      return scan::Language::Cxx;
    case Language::PreprocessedAssembler:
      return scan::Language::AsmWithCpp;
    default:
      return scan::Language::C;
  }
}

struct Record {
  scan::CompilerFacts facts;
  std::map<std::string, int64_t> answers;
};

std::string encode(const scan::CompilerFacts& facts, const std::map<std::string, int64_t>& answers) {
  NetstringWriter writer;
  writer.text(facts.flavour == scan::Flavour::Clang ? "clang" : "gcc");
  writer.text(facts.predefined);
  for (const auto* list : {&facts.builtins, &facts.directories, &facts.ignored}) {
    writer.count(list->size());
    for (const std::string& word : *list) {
      writer.text(word);
    }
  }
  writer.count(answers.size());
  for (const auto& answer : answers) {
    writer.text(answer.first);
    writer.text(std::to_string(answer.second));
  }
  return writer.take();
}

std::optional<Record> decode(std::string_view bytes) {
  NetstringReader reader(bytes);
  Record record;
  record.facts.flavour = reader.text() == "clang" ? scan::Flavour::Clang : scan::Flavour::Gcc;
  record.facts.predefined = reader.text();
  for (auto* list : {&record.facts.builtins, &record.facts.directories, &record.facts.ignored}) {
    for (size_t left = reader.count(); left > 0; --left) {
      list->emplace_back(reader.text());
    }
  }
  for (size_t left = reader.count(); left > 0; --left) {
    int64_t& value = record.answers[std::string(reader.text())];
    const std::string_view digits = reader.text();
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  }
  return reader.finished() ? std::optional(std::move(record)) : std::nullopt;
}

}  // namespace

KnownCompilers::KnownCompilers(View& view, object::Records& records, scan::Scanner& scanner)
    : view_(view), records_(records), scanner_(scanner) {}

base::Result<KnownCompilers::Known> KnownCompilers::find(const PreprocessingQuestion& question,
                                                         const PreprocessorOptions& options) {
  const scan::CompilerCall call = call_of(question, options, view_.pristine_root());
  const object::Digest name = name_of(call, question.toolchain->identity);
  const auto slot = slots_.with([&](auto& slots) {
    auto& known = slots[name];
    if (!known) {
      known = std::make_shared<Slot>();
    }
    return known;
  });
  const std::scoped_lock lock(slot->asking);
  if (slot->known && is_current(slot->known->facts)) {
    return slot->known;
  }
  auto found = look_up(name, call);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const scan::CompilerFacts& facts = found->facts;
  found->compiler = scanner_.compiler(
      dialect_of(facts.flavour, scan_language(question.source.language), facts.predefined, options.trigraphs),
      facts.predefined, facts.builtins);
  slot->known = std::make_shared<const KnownCompiler>(*std::move(found));
  return slot->known;
}

base::Result<KnownCompiler> KnownCompilers::look_up(const object::Digest& name,
                                                    const scan::CompilerCall& call) {
  const auto bytes = records_.find(object::kCompilerTable, name);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  auto record = *bytes ? decode(**bytes) : std::nullopt;
  if (!record || !is_current(record->facts)) {
    return ask(name, call);
  }
  KnownCompiler known{name, std::move(record->facts), nullptr, std::make_unique<scan::AskCompiler>(call)};
  known.answers->remember(record->answers);
  return known;
}

base::Result<KnownCompiler> KnownCompilers::ask(const object::Digest& name, const scan::CompilerCall& call) {
  auto facts = scan::compiler_facts(call);
  if (!facts) {
    return tl::unexpected(facts.error());
  }
  if (auto done = records_.record(object::kCompilerTable, name, encode(*facts, {})); !done) {
    return tl::unexpected(done.error());
  }
  return KnownCompiler{name, *std::move(facts), nullptr, std::make_unique<scan::AskCompiler>(call)};
}

base::Result<void> KnownCompilers::keep_answers(const KnownCompiler& known) {
  const auto answers = known.answers->take_news();
  return answers ? records_.record(object::kCompilerTable, known.name, encode(known.facts, *answers))
                 : base::Result<void>();
}

// Directories of its own that the compiler passed over may have come into being since, or may no longer be
// the same as others.
bool KnownCompilers::is_current(const scan::CompilerFacts& facts) {
  const auto is_the_same = [&](const scan::Look& one, const std::string& other) {
    const scan::Look look = view_.look(other);
    return look.what == one.what && look.identity.device == one.identity.device &&
           look.identity.inode == one.identity.inode;
  };
  return std::all_of(facts.ignored.begin(), facts.ignored.end(), [&](const std::string& ignored) {
    const scan::Look look = view_.look(ignored);
    return look.what != scan::Look::What::Directory ||
           std::any_of(facts.directories.begin(), facts.directories.end(),
                       [&](const std::string& other) { return is_the_same(look, other); });
  });
}

}  // namespace model
