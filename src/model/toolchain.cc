#include "model/toolchain.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/driver_link.hh"
#include "model/dynamic_loader.hh"
#include "model/file_view.hh"
#include "model/link_script.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"
#include "object/hash.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>

namespace model {

namespace {

bool is_directory(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Asks a driver one of its -print- questions.
class Questions {
 public:
  Questions(std::string driver, std::string path_variable, std::string root)
      : driver_(std::move(driver)), path_variable_(std::move(path_variable)), root_(std::move(root)) {}

  // The answer less its newline. Throws base::SyscallError if the driver cannot be started.
  std::string ask(const std::string& question) const {
    const base::Completed done =
        base::run({driver_, {driver_, question}, {"LC_ALL=C", "PATH=" + path_variable_}, "/", root_});
    std::string answer = done.exit_code == 0 ? done.out : "";
    while (answer.ends_with('\n')) {
      answer.pop_back();
    }
    return answer;
  }

  // The file that the driver would run as `name`; "" if there is none.
  std::string program(const std::string& name) const {
    const std::string answer = ask("-print-prog-name=" + name);
    return answer.find('/') != std::string::npos ? answer : find_program(answer, path_variable_);
  }

  // The file that the driver would read as `name`; "" if there is none.
  std::string file(const std::string& name) const {
    const std::string answer = ask("-print-file-name=" + name);
    return answer.find('/') != std::string::npos && is_there(answer) ? answer : "";
  }

 private:
  std::string driver_;
  std::string path_variable_;
  std::string root_;
};

base::Result<void> add_program(std::set<std::string>& files, const std::string& path) {
  auto closure = runtime_files(path);
  if (!closure) {
    return tl::unexpected(closure.error());
  }
  files.merge(*closure);
  return {};
}

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

// binutils load every plugin of this folder to read objects of other compilers. One that cannot be loaded
// here is passed over there, too.
void add_binutils_plugins(Toolset& set) {
  const std::string folder = "/usr/lib/bfd-plugins";
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string path = folder + "/" + entry->d_name;
    if (entry->d_name[0] != '.' && is_there(path)) {
      if (auto closure = runtime_files(path)) {
        set.files.merge(*closure);
      }
    }
  }
}

// PATH with just the folders that these programs are in, in the order of the user's.
std::string narrowed_path(const std::string& path_variable, const std::set<std::string>& programs) {
  std::string narrowed;
  std::set<std::string> taken;
  std::string_view rest = path_variable;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string folder(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    for (const std::string& program : programs) {
      if (!folder.empty() && parent_of(program) == folder && taken.insert(folder).second) {
        narrowed += (narrowed.empty() ? "" : ":") + folder;
      }
    }
  }
  return narrowed.empty() ? "/usr/bin:/bin" : narrowed;
}

}  // namespace

std::string find_program(const std::string& name, const std::string& path_variable) {
  std::string_view rest = path_variable;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string folder(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    const std::string path = folder + "/" + name;
    if (!folder.empty() && ::access(path.c_str(), X_OK) == 0 && !is_directory(path)) {
      return path;
    }
  }
  return "";
}

Toolchains::Toolchains(std::string pristine_root) : pristine_root_(std::move(pristine_root)) {}

std::shared_ptr<const Toolchain> Toolchains::find(const std::string& driver,
                                                  const std::string& path_variable) {
  const std::string key = path_variable + "\n" + signature_line(driver);
  const auto known = toolchains_.with([&](const auto& all) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  auto found = discover(driver, path_variable);
  if (!found) {
    throw base::OperatorError(found.error().message);
  }
  auto shared = std::make_shared<const Toolchain>(*std::move(found));
  toolchains_.with([&](auto& all) { all.insert_or_assign(key, shared); });
  return shared;
}

std::shared_ptr<const Toolset> Toolchains::program(const std::string& path) {
  const std::string key = signature_line(path);
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
  add_binutils_plugins(*set);
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
  const Questions questions(*driver, path_variable, pristine_root_);
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
  for (const std::string& word : words) {
    (word.starts_with("-m") ? question : others).push_back(word);
  }
  question.insert(question.end(), {"-###", "-c", "-xc", "/dev/null"});
  const std::string answer = says(toolchain.driver, question, Stream::Err);
  // The compiler's words are on the first line that begins with a blank.
  const size_t line = answer.find("\n ");
  const std::vector<std::string> said =
      line == std::string::npos
          ? std::vector<std::string>{}
          : split_driver_line(std::string_view(answer).substr(line, answer.find('\n', line + 1) - line));
  std::vector<std::string> all;
  for (size_t i = 0; i < said.size(); ++i) {
    if (said[i].starts_with("-m")) {
      all.push_back(said[i]);
    } else if (said[i] == "--param" && i + 1 < said.size()) {
      all.insert(all.end(), {said[i], said[i + 1]});
    }
  }
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

LinkerDefaults Toolchains::linker_defaults(const std::string& path, const std::vector<std::string>& words) {
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
  const size_t at = help.find("zero for timestamps") != std::string::npos
                        ? help.find("zero for timestamps")
                        : help.find("zero for symbol map timestamp");
  return at != std::string::npos && help.substr(at, help.find('\n', at) - at).ends_with("(default)");
}

base::Result<Toolchain> Toolchains::discover(const std::string& driver,
                                             const std::string& path_variable) const {
  const Questions questions(driver, path_variable, pristine_root_);
  Toolchain toolchain;
  toolchain.driver = driver;
  const std::string as = questions.program("as");
  const std::string ld = questions.program("ld");
  const std::string objcopy = questions.program("objcopy");
  // lto-wrapper runs several compilers at a time by means of make, and make's recipe removes what is done.
  std::set<std::string> makers;
  for (const char* const name : {"make", "touch", "mv"}) {
    makers.insert(find_program(name, path_variable));
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
  for (const auto& part : {std::pair{&toolchain.link, std::set{questions.program("lto-wrapper"),
                                                               questions.file("liblto_plugin.so")}},
                           std::pair{&toolchain.optimise_at_link, makers},
                           std::pair{&toolchain.split_debug, std::set{objcopy}}}) {
    if (auto done = add_optional(*part.first, part.second); !done) {
      return tl::unexpected(done.error());
    }
  }
  add_binutils_plugins(toolchain.link);
  toolchain.identity = identity_of(toolchain);
  return toolchain;
}

}  // namespace model
