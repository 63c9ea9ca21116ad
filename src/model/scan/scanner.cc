#include "model/scan/scanner.hh"

#include "base/guarded.hh"
#include "model/scan/compiler.hh"
#include "model/scan/translation_unit.hh"

#include <map>
#include <utility>

namespace model::scan {
namespace {

constexpr size_t kCommandLines = 1024;

struct CompilerKey {
  Dialect dialect;
  std::string predefined;
  std::vector<std::string> builtins;

  auto operator<=>(const CompilerKey&) const = default;
};

using CommandLineKey = std::pair<uint32_t, std::string>;

}  // namespace

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::MissingHeader:
      return "missing-header";
    case Reason::CompilerWillFail:
      return "compiler-will-fail";
    case Reason::UnknownBuiltin:
      return "unknown-builtin";
    case Reason::Counter:
      return "counter";
    case Reason::Pragma:
      return "pragma";
    case Reason::AssemblerFile:
      return "assembler-file";
    case Reason::Modules:
      return "modules";
    case Reason::PrecompiledHeader:
      return "precompiled-header";
    case Reason::Unreadable:
      return "unreadable";
    case Reason::Unsupported:
      break;
  }
  return "unsupported";
}

std::string as_directives(const std::vector<MacroAction>& actions) {
  std::string text;
  for (const MacroAction& action : actions) {
    std::string words = action.text;
    if (action.what == MacroAction::What::Define) {
      const size_t equals = words.find('=');
      equals == std::string::npos ? words += " 1" : (words[equals] = ' ', words);
    }
    // The compilers take a definition to the end of its first line.
    if (const size_t newline = words.find('\n'); newline != std::string::npos) {
      words.resize(newline);
    }
    text += action.what == MacroAction::What::Define ? "#define " : "#undef ";
    text += words;
    text += '\n';
  }
  return text;
}

struct Scanner::State {
  explicit State(FileSystem& file_system)
      : files(file_system), headers(file_system, vocabulary), listings(file_system) {}

  std::shared_ptr<const FileDirectives> command_line(const Request& request) {
    if (request.macros.empty()) {
      return nullptr;
    }
    const Compiler& compiler = *request.compiler;
    CommandLineKey key{compiler.dialect_number, as_directives(request.macros)};
    auto known = command_lines.with([&](auto& map) {
      const auto found = map.find(key);
      return found == map.end() ? nullptr : found->second;
    });
    if (known) {
      return known;
    }
    auto made = reduce(key.second, compiler.dialect, vocabulary);
    command_lines.with([&](auto& map) {
      if (map.size() >= kCommandLines) {
        map.clear();
      }
      map[std::move(key)] = made;
    });
    return made;
  }

  FileSystem& files;
  Vocabulary vocabulary;
  HeaderCache headers;
  Listings listings;
  base::Guarded<std::map<CompilerKey, std::shared_ptr<const Compiler>>> compilers;
  base::Guarded<std::map<CommandLineKey, std::shared_ptr<const FileDirectives>>> command_lines;
  base::Guarded<std::map<Dialect, uint32_t>> dialects;
  base::Guarded<std::vector<std::unique_ptr<TranslationUnit>>> idle;
};

Scanner::Scanner(FileSystem& files) : state_(std::make_unique<State>(files)) {}

Scanner::~Scanner() = default;

std::shared_ptr<const Compiler> Scanner::compiler(const Dialect& dialect, const std::string& predefined,
                                                  const std::vector<std::string>& builtins) {
  CompilerKey key{dialect, predefined, builtins};
  auto known = state_->compilers.with([&](auto& map) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  auto made = std::make_shared<Compiler>();
  made->dialect = dialect;
  made->dialect_number = state_->dialects.with([&](auto& map) {
    return map.try_emplace(dialect, static_cast<uint32_t>(map.size() + 1)).first->second;
  });
  made->predefined = reduce(predefined, dialect, state_->vocabulary);
  constexpr std::string_view kCxx20 = "\n#define __cplusplus 2020";
  constexpr std::string_view kCxx2b = "\n#define __cplusplus 2021";
  constexpr std::string_view kCxx23 = "\n#define __cplusplus 2023";
  const std::string_view text = predefined;
  const bool cxx20 = text.find(kCxx20) != std::string_view::npos ||
                     text.find(kCxx2b) != std::string_view::npos ||
                     text.find(kCxx23) != std::string_view::npos;
  made->modules = text.find("#define __cpp_modules") != std::string_view::npos ||
                  (dialect.flavour == Flavour::Clang && cxx20);
  for (const std::string& builtin : builtins) {
    const uint32_t number = state_->vocabulary.identifiers.number(builtin);
    if (number < static_cast<uint32_t>(Known::End)) {
      Macro macro;
      macro.name = number;
      macro.builtin = static_cast<uint8_t>(number);
      macro.serial = next_serials(1);
      made->builtins.push_back(macro);
    }
  }
  state_->compilers.with([&](auto& map) { map[std::move(key)] = made; });
  return made;
}

Outcome Scanner::scan(const Request& request) {
  const auto command_line = state_->command_line(request);
  std::unique_ptr<TranslationUnit> unit = state_->idle.with([](auto& idle) {
    std::unique_ptr<TranslationUnit> taken;
    if (!idle.empty()) {
      taken = std::move(idle.back());
      idle.pop_back();
    }
    return taken;
  });
  if (!unit) {
    unit = std::make_unique<TranslationUnit>(state_->files, state_->headers, state_->listings,
                                             state_->vocabulary);
  }
  Outcome outcome = unit->run(request, command_line.get());
  state_->idle.with([&](auto& idle) { idle.push_back(std::move(unit)); });
  return outcome;
}

uint64_t Scanner::headers_read() const {
  return state_->headers.files_read();
}

}  // namespace model::scan
