#include "model/scan/oracle.hh"

#include "base/subprocess.hh"

#include <stdexcept>

namespace model::scan {
namespace {

const std::vector<std::string> kEnvironment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};

std::vector<std::string> argv_of(const Case& c) {
  std::vector<std::string> argv = {c.program, "-E", "-x", c.language};
  argv.insert(argv.end(), c.dialect.begin(), c.dialect.end());
  for (const MacroAction& macro : c.macros) {
    argv.push_back((macro.what == MacroAction::What::Define ? "-D" : "-U") + macro.text);
  }
  const auto add = [&](const char* option, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      argv.emplace_back(option);
      argv.push_back(name);
    }
  };
  add("-iquote", c.directories.quote);
  add("-I", c.directories.bracket);
  add("-isystem", c.directories.system);
  add("-idirafter", c.directories.after);
  for (const ForcedFile& forced : c.forced) {
    argv.emplace_back(forced.what == ForcedFile::What::Include ? "-include" : "-imacros");
    argv.push_back(forced.name);
  }
  return argv;
}

}  // namespace

std::optional<std::string> Oracle::compiler(const Case& c, const std::string& folder,
                                            const std::vector<std::string>& more) {
  base::Subprocess subprocess;
  subprocess.program = c.program;
  subprocess.argv = argv_of(c);
  subprocess.argv.insert(subprocess.argv.end(), more.begin(), more.end());
  subprocess.argv.insert(subprocess.argv.end(),
                         {"-MF", "oracle.d", "-MT", "x.o", "-o", "/dev/null", c.main_file});
  subprocess.environment = kEnvironment;
  subprocess.working_directory = folder;
  (void)std::remove((folder + "/oracle.d").c_str());
  if (base::run(subprocess).exit_code != 0) {
    return std::nullopt;
  }
  return base::read_file(folder + "/oracle.d");
}

Oracle::Asked& Oracle::asked(const Case& c) {
  std::vector<std::string> key = {c.program, c.language};
  key.insert(key.end(), c.dialect.begin(), c.dialect.end());
  const auto found = asked_.find(key);
  if (found != asked_.end()) {
    return found->second;
  }
  const CompilerCall call{c.program, "", c.dialect, c.language, kEnvironment, "/", ""};
  auto facts = compiler_facts(call);
  if (!facts) {
    throw std::runtime_error(facts.error().message);
  }
  return asked_.emplace(std::move(key), Asked{*std::move(facts), std::make_unique<AskCompiler>(call)})
      .first->second;
}

Request Oracle::request(const Case& c, const std::string& folder) {
  Asked& about = asked(c);
  Request request;
  const Language language = c.language == "c"     ? Language::C
                            : c.language == "c++" ? Language::Cxx
                                                  : Language::AsmWithCpp;
  std::optional<bool> trigraphs;
  for (const std::string& option : c.dialect) {
    trigraphs = option == "-trigraphs" ? std::optional<bool>(true) : trigraphs;
  }
  request.compiler =
      scanner.compiler(dialect_of(about.facts.flavour, language, about.facts.predefined, trigraphs),
                       about.facts.predefined, about.facts.builtins);
  request.macros = c.macros;
  request.forced = c.forced;
  request.path = merge(about.facts.flavour, c.directories, about.facts.directories, folder, files_).path;
  request.main_file = c.main_file;
  request.working_directory = folder;
  for (const std::string& option : c.dialect) {
    if (option == "-ffreestanding" || option == "-nostdinc") {
      request.reads_stdc_predef = false;
    }
  }
  request.answers = about.answers.get();
  return request;
}

std::string Oracle::scanned(const Case& c, const std::string& folder, const DepfileOptions& options) {
  const Outcome outcome = scan(c, folder);
  if (const auto* inexact = std::get_if<Inexact>(&outcome)) {
    return describe(*inexact);
  }
  if (const auto* owed = std::get_if<Owed>(&outcome)) {
    return "owed: " + owed->paths.front();
  }
  return format_depfile(asked(c).facts.flavour, {{"x.o", false}}, std::get<Scan>(outcome).dependencies,
                        options);
}

std::string describe(const Inexact& inexact) {
  return "inexact (" + std::string(name(inexact.reason)) + "): " + inexact.detail + " at " + inexact.file +
         ":" + std::to_string(inexact.line);
}

void write_tree(const std::string& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files) {
    const std::string path = folder + "/" + name;
    base::make_directories(path.substr(0, path.rfind('/')));
    base::write_file_atomically(path, bytes);
  }
}

}  // namespace model::scan
