#include "model/toolchain.hh"

#include "base/boot.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "base/subprocess.hh"
#include "model/clang_toolchain.hh"
#include "model/driver_link.hh"
#include "model/driver_questions.hh"
#include "model/dynamic_loader.hh"
#include "model/elf.hh"
#include "model/link_script.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"
#include "model/toolchain_record.hh"
#include "object/hash.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

namespace model {

namespace {

constexpr std::array<std::string_view, 7> kSystemFolders{"/usr/", "/lib",   "/bin/", "/sbin/",
                                                         "/etc/", "/proc/", "/sys/"};

object::Digest identity_of(const Toolchain& toolchain) {
  object::Hasher hasher;
  for (const Toolset* set :
       {&toolchain.compile, &toolchain.compile_cxx, &toolchain.assemble, &toolchain.link}) {
    for (const std::string& file : set->files) {
      hasher.add(signature_line(file));
    }
  }
  hasher.add(toolchain.path_variable);
  return hasher.take();
}

void add_what_it_rests_on(Toolchain& toolchain) {
  for (const Toolset* set :
       {&toolchain.compile, &toolchain.compile_cxx, &toolchain.assemble, &toolchain.link,
        &toolchain.optimise_at_link, &toolchain.external_assembler, &toolchain.split_debug}) {
    for (const auto* paths : {&set->files, &set->directories, &set->rests_on}) {
      toolchain.rests_on.insert(paths->begin(), paths->end());
    }
  }
}

bool is_elf(const std::string& path) {
  const auto elf = read_elf(path);
  return elf && *elf;
}

// Is everything known that its driver went by? A script goes by whatever it likes, and clang does not tell
// where else it looked for a GCC when it was given another root.
bool lasts(const Toolchain& toolchain, const std::vector<std::string>& words) {
  const bool told = toolchain.maker == Toolchain::Maker::Gnu ||
                    std::all_of(words.begin(), words.end(),
                                [](const std::string& word) { return word.starts_with("--target="); });
  return told && is_elf(toolchain.driver);
}

// In a folder that packages fill.
bool is_of_the_system(const std::string& path) {
  if (path.starts_with("/usr/local/")) {
    return false;
  }
  return std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view folder) { return path.starts_with(folder); });
}

// The folder whose own state tells of what comes or goes at the path: the nearest that is there.
std::string folder_around(const std::string& path) {
  std::string folder = path;
  while (folder != "/" && !is_directory(folder)) {
    folder = parent_of(folder);
  }
  return base::real_path(folder).value_or(folder);
}

// What to look at for each command that uses the toolchain. To look at each file that packages brought would
// cost some hundred calls; they put and replace files by renaming, which shows in the few folders.
std::set<std::string> to_be_watched(const Toolchain& toolchain, const std::vector<std::string>& words) {
  std::set<std::string> watched;
  for (const std::string& path : toolchain.rests_on) {
    watched.insert(words.empty() && is_of_the_system(path) ? folder_around(path) : path);
  }
  return watched;
}

// Are these paths as they were when somebody looked?
bool still(const std::optional<object::Digest>& states, const std::set<std::string>& rests_on,
           base::Nanoseconds now) {
  return states && states == Findings::states_of(rests_on, now);
}

template <class Map>
auto found(const base::Guarded<Map>& known, const std::string& key) {
  return known.with([&](const Map& all) {
    const auto at = all.find(key);
    return at == all.end() ? typename Map::mapped_type() : at->second;
  });
}

template <class Map, class Value>
auto remembered(base::Guarded<Map>& known, const std::string& key, Value value) {
  auto shared = std::make_shared<const Value>(std::move(value));
  known.with([&](Map& all) { all.insert_or_assign(key, shared); });
  return shared;
}

// Of a linker that does not tell: lld and mold have none, gold those that its configuration gives it for the
// target that it is named after. Nullopt: one that tells.
std::optional<std::vector<std::string>> directories_of_its_own(const std::string& path) {
  const auto tool = tool_at(path);
  if (tool == Tool::Lld || tool == Tool::Mold) {
    return std::vector<std::string>{};
  }
  const std::string name = real_name(path);
  const size_t gold = name.find("gold");
  if (gold == std::string::npos) {
    return std::nullopt;
  }
  std::vector<std::string> directories;
  if (const size_t target = name.find("-ld.gold"); target != std::string::npos) {
    directories = {"/lib/" + name.substr(0, target), "/usr/lib/" + name.substr(0, target)};
  }
  directories.insert(directories.end(), {"/lib", "/usr/lib"});
  return directories;
}

// What gcc's driver tells the compiler of the machine: options of its own, too.
std::vector<std::string> named_by_gcc(const std::vector<std::string>& said) {
  std::vector<std::string> all;
  for (size_t i = 0; i < said.size(); ++i) {
    if (said[i].starts_with("-m")) {
      all.push_back(said[i]);
    } else if (said[i] == "--param" && i + 1 < said.size()) {
      all.insert(all.end(), {said[i], said[i + 1]});
    }
  }
  return all;
}

// clang's driver has a spelling for the processor, but none for each of its features, of which the compiler
// is told last of all.
std::vector<std::string> named_by_clang(const std::vector<std::string>& machine,
                                        const std::vector<std::string>& said) {
  std::map<std::string, std::string> names;  // the last one counts
  std::vector<std::string> features;
  for (size_t i = 0; i + 1 < said.size(); ++i) {
    if (said[i] == "-target-feature") {
      features.insert(features.end(), {"-Xclang", said[i], "-Xclang", said[i + 1]});
    } else if (said[i] == "-target-cpu" || said[i] == "-tune-cpu") {
      names[said[i]] = said[i + 1];
    }
  }
  std::vector<std::string> all;
  for (const std::string& word : machine) {
    if (!word.ends_with("=native")) {
      all.push_back(word);
    } else if (word.starts_with("-mtune=")) {
      all.push_back("-mtune=" + names["-tune-cpu"]);
    } else {
      all.push_back(word.substr(0, word.size() - std::string_view("native").size()) + names["-target-cpu"]);
    }
  }
  all.insert(all.end(), features.begin(), features.end());
  return all;
}

}  // namespace

Toolchains::Toolchains(object::Records& records, const base::Clock& clock, std::string pristine_root)
    : findings_(records, clock), pristine_root_(std::move(pristine_root)) {}

std::shared_ptr<const Toolchain> Toolchains::find(const std::string& driver, const std::string& path_variable,
                                                  const std::string& linker,
                                                  const std::vector<std::string>& words) {
  std::string question = "toolchain\n" + path_variable + "\n" + linker + "\n" + driver + "\n";
  for (const std::string& word : words) {
    question += word + "\n";
  }
  const std::string key = question + signature_line(driver);
  const base::Nanoseconds asked_at = findings_.now();
  const auto holds = [&](const Toolchain& known) { return still(known.states, known.watched, asked_at); };
  if (const auto known = found(toolchains_, key); known && holds(*known)) {
    return known;
  }
  auto finding = findings_.find(question);
  auto toolchain = finding ? decode_toolchain(finding->answer) : std::nullopt;
  if (toolchain) {
    toolchain->rests_on = std::move(finding->rests_on);
  } else {
    auto discovered = tool_at(driver) == Tool::Clang
                          ? discover_clang(driver, path_variable, linker, words, pristine_root_)
                          : discover(driver, path_variable, linker, words);
    if (!discovered) {
      throw base::OperatorError(discovered.error().message);
    }
    discovered->identity = identity_of(*discovered);
    add_what_it_rests_on(*discovered);
    if (lasts(*discovered, words)) {
      findings_.keep(question, {encode(*discovered), discovered->rests_on}, asked_at);
    }
    toolchain = *std::move(discovered);
  }
  toolchain->watched = to_be_watched(*toolchain, words);
  toolchain->states = Findings::states_of(toolchain->watched, asked_at);
  return remembered(toolchains_, key, *std::move(toolchain));
}

std::shared_ptr<const Program> Toolchains::program(const std::string& path) {
  return program(path, Plugins::Binutils);
}

std::shared_ptr<const Program> Toolchains::plain_program(const std::string& path) {
  return program(path, Plugins::None);
}

std::shared_ptr<const Program> Toolchains::program(const std::string& path, Plugins plugins) {
  const std::string question = (plugins == Plugins::None ? "plain program\n" : "program\n") + path + "\n";
  const base::Nanoseconds looked_at = findings_.now();
  if (const auto known = found(programs_, question);
      known && still(known->states, known->rests_on, looked_at)) {
    return known;
  }
  Program program;
  auto finding = findings_.find(question);
  if (auto set = finding ? decode_toolset(finding->answer) : std::nullopt) {
    static_cast<Toolset&>(program) = *std::move(set);
    program.rests_on = std::move(finding->rests_on);
  } else {
    if (auto done = add_program(program, path); !done) {
      throw base::OperatorError(done.error().message);
    }
    if (plugins == Plugins::Binutils) {
      add_binutils_plugins(program);
    }
    findings_.keep(question, {encode(program), program.rests_on}, looked_at);
  }
  program.states = Findings::states_of(program.rests_on, looked_at);
  return remembered(programs_, question, std::move(program));
}

Archiver Toolchains::archiver(const std::string& path, const std::string& name,
                              const std::string& path_variable) {
  const auto driver = driver_behind(path);
  if (!driver) {
    return {path, *program(path), "", std::nullopt};
  }
  const std::string question = "archiver\n" + path_variable + "\n" + name + "\n" + path + "\n";
  const base::Nanoseconds asked_at = findings_.now();
  if (const auto known = found(archivers_, question);
      known && still(known->states, known->tools.rests_on, asked_at)) {
    return *known;
  }
  auto finding = findings_.find(question);
  auto archiver = finding ? decode_archiver(finding->answer) : std::nullopt;
  if (archiver) {
    archiver->tools.rests_on = std::move(finding->rests_on);
  } else {
    archiver = behind_wrapper(path, *driver, name, path_variable);
    findings_.keep(question, {encode(*archiver), archiver->tools.rests_on}, asked_at);
  }
  archiver->states = Findings::states_of(archiver->tools.rests_on, asked_at);
  return *remembered(archivers_, question, *std::move(archiver));
}

// The wrapper looks for program and plugin where its compiler does.
Archiver Toolchains::behind_wrapper(const std::string& path, const std::string& driver,
                                    const std::string& name, const std::string& path_variable) {
  DriverQuestions questions(driver, {}, path_variable, pristine_root_);
  const std::string real = questions.program(name);
  const std::string plugin = questions.file("liblto_plugin.so");
  if (real.empty() || plugin.empty()) {
    throw base::OperatorError("'" + path + "' finds no " + (real.empty() ? name : "liblto_plugin.so"));
  }
  Archiver archiver{real, *program(path), narrowed_path(path_variable, {real}), std::nullopt};
  archiver.tools.rests_on.merge(questions.looked_at());
  for (const std::string& part : {driver, path, real, plugin}) {
    const auto tools = program(part);
    archiver.tools.rests_on.insert(tools->rests_on.begin(), tools->rests_on.end());
    if (part != driver) {
      archiver.tools.files.insert(tools->files.begin(), tools->files.end());
      if (archiver.tools.script.empty()) {
        archiver.tools.script = tools->script;
      }
    }
  }
  return archiver;
}

std::string Toolchains::says(const std::string& path, const std::vector<std::string>& question,
                             const std::set<std::string>& rests_on,
                             const std::optional<object::Digest>& states, About about, Stream stream) {
  // The processor is the same as long as the machine is not started again.
  const std::string machine = about == About::Processor ? base::this_boot() : "any";
  std::string asked = "says\n" + machine + "\n" + path + "\n";
  std::vector<std::string> argv{path};
  for (const std::string& word : question) {
    asked += word + "\n";
    argv.push_back(word);
  }
  const std::string key = states ? asked + states->hex() : "";
  const auto kept = [&](std::string answer) {
    return key.empty() ? answer : *remembered(answers_, key, std::move(answer));
  };
  if (const auto known = found(answers_, key)) {
    return *known;
  }
  if (auto finding = findings_.find(asked)) {
    return kept(std::move(finding->answer));
  }
  const base::Nanoseconds asked_at = findings_.now();
  const base::Completed done =
      base::run({path, argv, {"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/", pristine_root_});
  if (done.exit_code != 0) {
    throw base::OperatorError("'" + path + " " + question[0] + "' fails: " + done.err);
  }
  const std::string& answer = stream == Stream::Out ? done.out : done.err;
  if (is_elf(path) && !machine.empty()) {
    findings_.keep(asked, {answer, rests_on}, asked_at);
  }
  return kept(answer);
}

std::vector<std::string> Toolchains::for_this_processor(const Toolchain& toolchain,
                                                        const std::vector<std::string>& words) {
  std::vector<std::string> question;
  std::vector<std::string> others;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool target = words[i] == "-target" && i + 1 < words.size();
    if (words[i].starts_with("-m") && words[i] != "-mllvm") {
      question.push_back(words[i]);
    } else if (target || words[i].starts_with("--target=")) {
      question.push_back(words[i]);
      others.push_back(words[i]);
      if (target) {
        question.push_back(words[i + 1]);
      }
    } else {
      others.push_back(words[i]);
    }
  }
  std::vector<std::string> machine = question;
  std::erase_if(machine, [](const std::string& word) { return !word.starts_with("-m"); });
  question.insert(question.end(), {"-###", "-c", "-xc", "/dev/null"});
  const std::string answer =
      says(toolchain.driver, question, toolchain.rests_on, toolchain.identity, About::Processor, Stream::Err);
  // The compiler's words are on the first line that begins with a blank; clang says before how it would run
  // it.
  const bool clang = toolchain.maker == Toolchain::Maker::Llvm;
  const size_t line = answer.find(clang ? "\n \"" : "\n ");
  if (line == std::string::npos) {
    throw base::OperatorError("'" + toolchain.driver + "' does not say what this processor is called");
  }
  const std::vector<std::string> said =
      split_driver_line(std::string_view(answer).substr(line + 1, answer.find('\n', line + 1) - line - 1));
  std::vector<std::string> all = clang ? named_by_clang(machine, said) : named_by_gcc(said);
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

std::optional<std::string> Toolchains::processor_specs(const Toolchain& toolchain,
                                                       const std::vector<std::string>& words) {
  std::vector<std::string> machine;
  std::copy_if(words.begin(), words.end(), std::back_inserter(machine),
               [](const std::string& word) { return word.starts_with("-m"); });
  std::string key = "processor specs\n" + toolchain.driver + "\n" + toolchain.identity.hex() + "\n";
  for (const std::string& word : machine) {
    key += word + "\n";
  }
  auto specs = found(answers_, key);
  if (!specs) {
    specs = remembered(answers_, key, ask_processor_specs(toolchain, machine).value_or(""));
  }
  return specs->empty() ? std::nullopt : std::optional(*specs);
}

std::optional<std::string> Toolchains::ask_processor_specs(const Toolchain& toolchain,
                                                           const std::vector<std::string>& machine) {
  constexpr std::string_view kName = "*cc1_cpu:\n";
  const std::string dumped = says(toolchain.driver, {"-dumpspecs"}, toolchain.rests_on, toolchain.identity);
  const size_t at = dumped.find(kName);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const std::string rule =
      dumped.substr(at + kName.size(), dumped.find('\n', at + kName.size()) - at - kName.size());
  if (rule.find("local_cpu_detect") == std::string::npos) {
    return std::nullopt;
  }
  // What the rule makes of these words stands between marks; nothing is run that would mind them.
  std::vector<std::string> argv{toolchain.driver, "-specs=/dev/stdin"};
  argv.insert(argv.end(), machine.begin(), machine.end());
  argv.insert(argv.end(), {"-###", "-c", "-xc", "/dev/null"});
  base::Subprocess question{toolchain.driver, argv, {"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/", pristine_root_};
  question.input = std::string(kName) + "-fgg-begin " + rule + " -fgg-end\n\n";
  const base::Completed done = base::run(question);
  const size_t line = done.err.find("\n ");
  if (done.exit_code != 0 || line == std::string::npos) {
    return std::nullopt;
  }
  const std::vector<std::string> said = split_driver_line(
      std::string_view(done.err).substr(line + 1, done.err.find('\n', line + 1) - line - 1));
  const auto begin = std::find(said.begin(), said.end(), "-fgg-begin");
  const auto end = std::find(begin, said.end(), "-fgg-end");
  if (end == said.end()) {
    return std::nullopt;
  }
  std::string specs = std::string(kName) + "%{march=native:%>march=native} %{mtune=native:%>mtune=native}";
  for (auto word = begin + 1; word != end; ++word) {
    const bool plain = std::all_of(word->begin(), word->end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("-_=.+,").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain) {
      return std::nullopt;
    }
    specs += " " + *word;
  }
  return specs + "\n\n";
}

LinkerDefaults Toolchains::linker_defaults(const std::string& path, const std::vector<std::string>& words) {
  if (const auto own = directories_of_its_own(path)) {
    return {*own, ""};
  }
  std::vector<std::string> question{"--verbose"};
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-melf")) {
      question.push_back(words[i]);
    } else if (words[i] == "-m" && i + 1 < words.size()) {
      question.insert(question.end(), {words[i], words[i + 1]});
    }
  }
  const std::shared_ptr<const Program> linker = plain_program(path);
  std::string sysroot = says(path, {"--print-sysroot"}, linker->rests_on, linker->states);
  while (sysroot.ends_with('\n') || sysroot.ends_with('/')) {
    sysroot.pop_back();
  }
  return {search_directories_of(says(path, question, linker->rests_on, linker->states)), sysroot};
}

bool Toolchains::is_deterministic_archiver(const std::string& path) {
  const auto archiver = plain_program(path);
  const std::string help = says(path, {"--help"}, archiver->rests_on, archiver->states);
  for (const char* const phrase : {"zero for timestamps", "zero for symbol map timestamp",
                                   "deterministic output when stripping archives"}) {
    if (const size_t at = help.find(phrase); at != std::string::npos) {
      return help.substr(at, help.find('\n', at) - at).ends_with("(default)");
    }
  }
  // LLVM's: without a word of it, since there is no other way to build it.
  return help.find("Enable deterministic mode when operating on archives (use zero for UIDs") !=
         std::string::npos;
}

base::Result<Toolchain> Toolchains::discover(const std::string& driver, const std::string& path_variable,
                                             const std::string& linker,
                                             const std::vector<std::string>& words) const {
  DriverQuestions questions(driver, words, path_variable, pristine_root_);
  Toolchain toolchain;
  toolchain.driver = driver;
  const std::string as = questions.program("as");
  const std::string ld = questions.program(linker);
  const std::string objcopy = questions.program("objcopy");
  // lto-wrapper runs several compilers at a time by means of make, and make's recipe removes what is done.
  std::set<std::string> makers;
  for (const char* const name : {"make", "touch", "mv"}) {
    makers.insert(find_on_path(name, path_variable, toolchain.rests_on));
  }
  std::set<std::string> searched = makers;
  searched.insert({as, ld, objcopy});
  toolchain.linker = ld;
  toolchain.path_variable = narrowed_path(path_variable, searched);

  Toolset common;
  const std::string specs = questions.file("specs");
  if (!specs.empty()) {
    common.files.insert(specs);
  }
  const std::string install = questions.ask("-print-file-name=include");
  if (is_directory(install)) {
    common.directories.insert(install);
  }
  const auto assemble = [&](Toolset& set, const std::vector<std::string>& programs) -> base::Result<void> {
    set = common;
    for (const std::string& program : programs) {
      if (program.empty() || !is_there(program)) {
        return base::failure("the compiler '" + driver + "' has no working " +
                             (program.empty() ? "assembler or linker on the PATH" : "'" + program + "'"));
      }
      if (auto done = add_part(set, program); !done) {
        return done;
      }
    }
    return {};
  };
  if (auto done = assemble(toolchain.assemble, {driver, as}); !done) {
    return tl::unexpected(done.error());
  }
  const std::string cc1 = questions.program("cc1");
  const std::string cc1plus = questions.program("cc1plus");
  // A compiler of only one language is whole, too: what is absent is left out, and the driver says so itself.
  toolchain.compile = toolchain.compile_cxx = toolchain.assemble;
  for (const auto& part : {std::pair{&toolchain.compile, cc1}, std::pair{&toolchain.compile_cxx, cc1plus}}) {
    if (!part.second.empty() && is_there(part.second)) {
      if (auto done = add_part(*part.first, part.second); !done) {
        return tl::unexpected(done.error());
      }
    }
  }
  if (auto done = assemble(toolchain.link, {driver, questions.program("collect2"), ld}); !done) {
    return tl::unexpected(done.error());
  }
  // What the driver's own rules include when it links a program of these options (gcc.cc, %:include).
  for (const char* const name : {"libgomp.spec", "libitm.spec", "libsanitizer.spec"}) {
    if (const std::string rules = questions.file(name); !rules.empty()) {
      toolchain.link.files.insert(rules);
    }
  }
  // collect2 looks for nm and strip whether or not it needs them.
  const auto add_optional = [](Toolset& set, const std::set<std::string>& programs) -> base::Result<void> {
    for (const std::string& program : programs) {
      if (!program.empty() && is_there(program)) {
        if (auto done = add_part(set, program); !done) {
          return done;
        }
      }
    }
    return {};
  };
  makers.insert({"/bin/sh", as, questions.program("lto1")});
  for (const auto& part :
       {std::pair{&toolchain.link, std::set{questions.program("lto-wrapper"), questions.program("nm"),
                                            questions.program("strip"), questions.file("liblto_plugin.so")}},
        std::pair{&toolchain.optimise_at_link, makers},
        std::pair{&toolchain.split_debug, std::set{objcopy}}}) {
    if (auto done = add_optional(*part.first, part.second); !done) {
      return tl::unexpected(done.error());
    }
  }
  add_binutils_plugins(toolchain.link);
  toolchain.rests_on.merge(questions.looked_at());
  return toolchain;
}

}  // namespace model
