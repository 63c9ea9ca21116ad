#include "model/toolchain.hh"

#include "base/errors.hh"
#include "base/subprocess.hh"
#include "model/libraries.hh"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace model {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find(separator, from), text.size());
    if (end > from) {
      parts.push_back(text.substr(from, end - from));
    }
    from = end + 1;
  }
  return parts;
}

// Asks one driver its questions.
class Driver {
 public:
  Driver(std::string path, std::string path_variable, std::string root)
      : path_(std::move(path)), path_variable_(std::move(path_variable)), root_(std::move(root)) {}

  [[nodiscard]] std::string ask(const std::string& question) const {
    const base::Completed answer = base::run({path_,
                                              {path_, question},
                                              {"PATH=" + path_variable_, "LC_ALL=C"},
                                              "/",
                                              root_,
                                              std::chrono::seconds(30)});
    if (answer.exit_code != 0) {
      throw base::OperatorError("'" + path_ + " " + question + "' failed: " + answer.err);
    }
    return answer.out.substr(0, answer.out.find_last_not_of('\n') + 1);
  }

  // Absolute; "" when the driver doesn't know one.
  [[nodiscard]] std::string program(const std::string& name) const {
    const std::string answer = ask("-print-prog-name=" + name);
    return answer.starts_with('/') ? answer : find_program(answer, path_variable_);
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    const std::string answer = ask("-print-file-name=" + name);
    return answer.starts_with('/') ? answer : "";
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string path_variable_;
  std::string root_;
};

void add_program(std::set<std::string>& paths, const std::string& program,
                 const std::vector<std::string>& directories) {
  if (!program.empty() && ::access(program.c_str(), F_OK) == 0) {
    paths.insert(program);
    paths.merge(loader_closure(program, directories));
  }
}

void add_tree(std::set<std::string>& paths, const std::string& directory) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    if (!entry.is_directory(error)) {
      paths.insert(entry.path().string());
    }
  }
}

// "libraries: =/a/:/b/" (gcc's manual, -print-search-dirs).
std::vector<std::string> library_search_path(const Driver& driver) {
  for (const std::string& line : split(driver.ask("-print-search-dirs"), '\n')) {
    if (line.starts_with("libraries: =")) {
      return split(line.substr(std::string("libraries: =").size()), ':');
    }
  }
  return {};
}

void add_start_files(const Driver& driver, std::set<std::string>& link) {
  for (const char* name : {"crt1.o", "Scrt1.o", "gcrt1.o", "grcrt1.o", "rcrt1.o", "crti.o", "crtn.o",
                           "crtbegin.o", "crtbeginS.o", "crtbeginT.o", "crtend.o", "crtendS.o", "libgcc.a",
                           "libgcc_eh.a", "libgcc_s.so", "libgcc_s.so.1", "libgomp.spec", "specs"}) {
    if (const std::string path = driver.file(name); !path.empty() && ::access(path.c_str(), R_OK) == 0) {
      link.insert(path);
    }
  }
}

Toolchain take_apart(const Driver& driver, const std::string& path_variable) {
  const std::vector<std::string> libraries = system_library_directories();
  Toolchain toolchain;
  add_program(toolchain.common, driver.path(), libraries);
  const std::string specs = driver.file("specs");
  if (!specs.empty() && ::access(specs.c_str(), R_OK) == 0) {
    toolchain.common.insert(specs);
  }

  const std::string cc1 = driver.program("cc1");
  const std::string cc1plus = driver.program("cc1plus");
  add_program(toolchain.compile, cc1, libraries);
  add_program(toolchain.compile, cc1plus, libraries);
  const std::string own_include = driver.file("include");
  if (!own_include.empty()) {
    add_tree(toolchain.compile, own_include);
    add_tree(toolchain.compile, own_include + "-fixed");
  }

  const std::string as = driver.program("as");
  if (as.empty()) {
    throw base::OperatorError("'" + driver.path() + "' has no assembler: no 'as' in PATH=" + path_variable);
  }
  add_program(toolchain.assemble, as, libraries);

  const std::string ld = driver.program("ld");
  for (const std::string& program : {driver.program("collect2"), ld, driver.program("lto-wrapper")}) {
    add_program(toolchain.link, program, libraries);
  }
  if (const std::string plugin = driver.file("liblto_plugin.so"); !plugin.empty()) {
    add_program(toolchain.link, plugin, libraries);
  }
  add_start_files(driver, toolchain.link);
  toolchain.library_directories = library_search_path(driver);

  toolchain.path_variable = fs::path(as).parent_path().string();
  const std::string beside = ld.empty() ? "" : fs::path(ld).parent_path().string();
  if (!beside.empty() && beside != toolchain.path_variable) {
    toolchain.path_variable += ":" + beside;
  }
  return toolchain;
}

}  // namespace

std::string find_program(const std::string& name, const std::string& path_variable) {
  for (const std::string& directory : split(path_variable, ':')) {
    std::string path = directory + "/" + name;
    std::error_code error;
    if (::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, error)) {
      return path;
    }
  }
  return "";
}

std::shared_ptr<const Toolchain> Toolchains::find(const std::string& driver,
                                                  const std::string& path_variable) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const Toolchain>& slot = known_[{driver, path_variable}];
  if (!slot) {
    slot = std::make_shared<const Toolchain>(take_apart(Driver(driver, path_variable, root_), path_variable));
  }
  return slot;
}

}  // namespace model
