#include "model/driver_questions.hh"

#include "base/errors.hh"
#include "base/program_path.hh"
#include "model/dynamic_loader.hh"
#include "model/paths.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <system_error>

namespace model {

namespace {

void add_plugins_in(const std::string& folder, Toolset& set) {
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

}  // namespace

base::Completed DriverQuestions::asked(const std::string& question) const {
  std::vector<std::string> argv{driver_};
  argv.insert(argv.end(), words_.begin(), words_.end());
  argv.push_back(question);
  return base::run({driver_, argv, {"LC_ALL=C", "PATH=" + path_variable_}, "/", root_});
}

std::string DriverQuestions::ask(const std::string& question) const {
  const base::Completed done = asked(question);
  std::string answer = done.exit_code == 0 ? done.out : "";
  while (answer.ends_with('\n')) {
    answer.pop_back();
  }
  return answer;
}

std::string DriverQuestions::about_itself() const {
  return asked("-v").err;
}

std::string DriverQuestions::program(const std::string& name) const {
  const std::string answer = ask("-print-prog-name=" + name);
  return answer.find('/') != std::string::npos ? answer
                                               : base::find_program(answer, path_variable_, "/").value_or("");
}

std::string DriverQuestions::file(const std::string& name) const {
  const std::string answer = ask("-print-file-name=" + name);
  return answer.find('/') != std::string::npos && is_there(answer) ? answer : "";
}

bool is_directory(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

base::Result<void> add_program(std::set<std::string>& files, const std::string& path) {
  auto closure = runtime_files(path);
  if (!closure) {
    return tl::unexpected(closure.error());
  }
  files.merge(*closure);
  return {};
}

void add_binutils_plugins(Toolset& set) {
  std::set<std::string> folders{"/usr/lib"};
  for (const std::string& file : set.files) {
    if (base_name(file).starts_with("libbfd")) {
      folders.insert(parent_of(file));
    }
  }
  for (const std::string& folder : folders) {
    add_plugins_in(folder + "/bfd-plugins", set);
  }
}

void add_charsets(Toolset& set, const std::set<std::string>& files) {
  for (const std::string& file : files) {
    if (base_name(file) != "libc.so.6") {
      continue;
    }
    std::error_code none;
    const auto folder = std::filesystem::canonical(file, none).parent_path() / "gconv";
    std::error_code failed;
    for (std::filesystem::recursive_directory_iterator at(folder, none), end; at != end;
         at.increment(failed)) {
      if (at->is_regular_file(none)) {
        set.files.insert(at->path().string());
      }
    }
    if (failed) {
      throw base::OperatorError("look through '" + folder.string() + "': " + failed.message());
    }
  }
}

std::string narrowed_path(const std::string& path_variable, const std::set<std::string>& programs) {
  std::string narrowed;
  std::set<std::string> taken;
  for (const std::string& folder : split_list(path_variable)) {
    for (const std::string& program : programs) {
      if (!folder.empty() && parent_of(program) == folder && taken.insert(folder).second) {
        narrowed += (narrowed.empty() ? "" : ":") + folder;
      }
    }
  }
  return narrowed.empty() ? "/usr/bin:/bin" : narrowed;
}

}  // namespace model
