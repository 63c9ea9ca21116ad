#include "model/toolchain.hh"

#include "base/errors.hh"
#include "base/program_path.hh"
#include "base/subprocess.hh"
#include "model/clang_toolchain.hh"
#include "model/driver_link.hh"
#include "model/driver_questions.hh"
#include "model/dynamic_loader.hh"
#include "model/file_view.hh"
#include "model/link_script.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"
#include "object/hash.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>

namespace model {

namespace {

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

std::string signature_line(const std::string& path) {
  struct stat status {};

  std::string line = path;
  if (::stat(path.c_str(), &status) == 0) {
    const scan::Identity s = scan::identity_of(status);
    for (const auto number :
         {s.device, s.inode, s.size, static_cast<uint64_t>(s.mtime), static_cast<uint64_t>(s.ctime)}) {
      line += " " + std::to_string(number);
    }
  }
  return line + "\n";
}

Toolchains::Toolchains(std::string pristine_root) : pristine_root_(std::move(pristine_root)) {}

std::shared_ptr<const Toolchain> Toolchains::find(const std::string& driver, const std::string& path_variable,
                                                  const std::string& linker,
                                                  const std::vector<std::string>& words) {
  std::string key = path_variable + "\n" + linker + "\n" + signature_line(driver);
  for (const std::string& word : words) {
    key += word + "\n";
  }
  const auto known = toolchains_.with([&](const auto& all) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  auto found = tool_at(driver) == Tool::Clang
                   ? discover_clang(driver, path_variable, linker, words, pristine_root_)
                   : discover(driver, path_variable, linker, words);
  if (!found) {
    throw base::OperatorError(found.error().message);
  }
  found->identity = identity_of(*found);
  auto shared = std::make_shared<const Toolchain>(*std::move(found));
  toolchains_.with([&](auto& all) { all.insert_or_assign(key, shared); });
  return shared;
}

std::shared_ptr<const Toolset> Toolchains::program(const std::string& path) {
  return program(path, Plugins::Binutils);
}

std::shared_ptr<const Toolset> Toolchains::plain_program(const std::string& path) {
  return program(path, Plugins::None);
}

std::shared_ptr<const Toolset> Toolchains::program(const std::string& path, Plugins plugins) {
  const std::string key = (plugins == Plugins::None ? "plain " : "") + signature_line(path);
  const auto known = programs_.with([&](const auto& all) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  auto set = std::make_shared<Toolset>();
  if (auto done = add_program(set->files, path); !done) {
    throw base::OperatorError(done.error().message);
  }
  if (plugins == Plugins::Binutils) {
    add_binutils_plugins(*set);
  }
  programs_.with([&](auto& all) { all.insert_or_assign(key, set); });
  return set;
}

Archiver Toolchains::archiver(const std::string& path, const std::string& name,
                              const std::string& path_variable) {
  const auto driver = driver_behind(path);
  if (!driver) {
    return {path, *program(path), ""};
  }
  const std::string key = path_variable + "\n" + name + "\n" + signature_line(path);
  const auto known = archivers_.with([&](const auto& all) -> std::optional<Archiver> {
    const auto found = all.find(key);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) {
    return *known;
  }
  // The wrapper looks for program and plugin where its compiler does.
  const DriverQuestions questions(*driver, {}, path_variable, pristine_root_);
  const std::string real = questions.program(name);
  const std::string plugin = questions.file("liblto_plugin.so");
  if (real.empty() || plugin.empty()) {
    throw base::OperatorError("'" + path + "' finds no " + (real.empty() ? name : "liblto_plugin.so"));
  }
  Archiver archiver{real, *program(path), narrowed_path(path_variable, {real})};
  for (const std::string& part : {real, plugin}) {
    const auto tools = program(part);
    archiver.tools.files.insert(tools->files.begin(), tools->files.end());
  }
  archivers_.with([&](auto& all) { all.insert_or_assign(key, archiver); });
  return archiver;
}

std::string Toolchains::says(const std::string& path, const std::vector<std::string>& question,
                             Stream stream) {
  std::string key = signature_line(path);
  std::vector<std::string> argv{path};
  for (const std::string& word : question) {
    key += word + "\n";
    argv.push_back(word);
  }
  const auto known = answers_.with([&](const auto& all) -> std::optional<std::string> {
    const auto found = all.find(key);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) {
    return *known;
  }
  const base::Completed done =
      base::run({path, argv, {"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/", pristine_root_});
  if (done.exit_code != 0) {
    throw base::OperatorError("'" + path + " " + question[0] + "' fails: " + done.err);
  }
  const std::string& answer = stream == Stream::Out ? done.out : done.err;
  answers_.with([&](auto& all) { all.insert_or_assign(key, answer); });
  return answer;
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
  const std::string answer = says(toolchain.driver, question, Stream::Err);
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
  std::string sysroot = says(path, {"--print-sysroot"});
  while (sysroot.ends_with('\n') || sysroot.ends_with('/')) {
    sysroot.pop_back();
  }
  return {search_directories_of(says(path, question)), sysroot};
}

bool Toolchains::is_deterministic_archiver(const std::string& path) {
  const std::string help = says(path, {"--help"});
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
  const DriverQuestions questions(driver, words, path_variable, pristine_root_);
  Toolchain toolchain;
  toolchain.driver = driver;
  const std::string as = questions.program("as");
  const std::string ld = questions.program(linker);
  const std::string objcopy = questions.program("objcopy");
  // lto-wrapper runs several compilers at a time by means of make, and make's recipe removes what is done.
  std::set<std::string> makers;
  for (const char* const name : {"make", "touch", "mv"}) {
    makers.insert(base::find_program(name, path_variable, "/").value_or(""));
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
      if (auto done = add_program(set.files, program); !done) {
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
      if (auto done = add_program(part.first->files, part.second); !done) {
        return tl::unexpected(done.error());
      }
    }
  }
  if (auto done = assemble(toolchain.link, {driver, questions.program("collect2"), ld}); !done) {
    return tl::unexpected(done.error());
  }
  // collect2 looks for nm and strip whether or not it needs them.
  const auto add_optional = [](Toolset& set, const std::set<std::string>& programs) -> base::Result<void> {
    for (const std::string& program : programs) {
      if (!program.empty() && is_there(program)) {
        if (auto done = add_program(set.files, program); !done) {
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
  return toolchain;
}

}  // namespace model
