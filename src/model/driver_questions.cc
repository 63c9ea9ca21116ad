#include "model/driver_questions.hh"

#include "base/program_path.hh"
#include "model/dynamic_loader.hh"
#include "model/paths.hh"
#include "model/tool_names.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace model {

namespace {

void add_plugins_in(const std::string& folder, Toolset& set) {
  set.rests_on.insert(folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string path = folder + "/" + entry->d_name;
    if (entry->d_name[0] == '.') {
      continue;
    }
    set.rests_on.insert(path);  // it may be a symlink that leads nowhere yet
    if (is_there(path)) {
      if (auto files = runtime_files(path, set.rests_on)) {
        set.files.merge(*files);
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

std::string DriverQuestions::ask(const std::string& question) {
  const base::Completed done = asked(question);
  std::string answer = done.exit_code == 0 ? done.out : "";
  while (answer.ends_with('\n')) {
    answer.pop_back();
  }
  return answer;
}

std::string DriverQuestions::about_itself() {
  return asked("-v").err;
}

std::string DriverQuestions::program(const std::string& name) {
  names_.insert(name);
  const std::string answer = ask("-print-prog-name=" + name);
  return answer.find('/') != std::string::npos ? answer : find_on_path(answer, path_variable_, looked_at_);
}

std::string DriverQuestions::file(const std::string& name) {
  names_.insert(name);
  const std::string answer = ask("-print-file-name=" + name);
  return answer.find('/') != std::string::npos && is_there(answer) ? answer : "";
}

// A folder's own state tells of what comes and goes in it, under whatever name the driver looks for it; a
// file's also of one that becomes executable where it stands.
std::set<std::string> DriverQuestions::looked_at() {
  std::set<std::string> paths = looked_at_;
  const std::string printed = ask("-print-search-dirs");
  for (const char* const kind : {"install: ", "programs: =", "libraries: ="}) {
    for (const std::string& list : lines_after(kind, printed)) {
      for (const std::string& folder : split_list(list)) {
        // One that is no folder, but the begin of names.
        paths.insert(folder.ends_with('/') || is_directory(folder) ? folder : parent_of(folder));
        for (const std::string& name : names_) {
          const std::string file = folder + (is_directory(folder) ? "/" : "") + name;
          if (is_there(file)) {
            paths.insert(file);
          }
        }
      }
    }
  }
  return paths;
}

std::vector<std::string> lines_after(std::string_view label, std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(label)) {
      found.emplace_back(line.substr(label.size()));
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return found;
}

std::string find_on_path(const std::string& name, const std::string& path_variable,
                         std::set<std::string>& looked_at) {
  for (const std::string& folder : base::search_folders(path_variable, "/")) {
    looked_at.insert(folder + "/" + name);
    if (const auto found = base::find_program(name, folder, "/")) {
      return *found;
    }
  }
  return "";
}

bool is_directory(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

base::Result<void> add_program(Toolset& set, const std::string& path) {
  auto files = runtime_files(path, set.rests_on);
  if (!files) {
    return tl::unexpected(files.error());
  }
  set.files.merge(*files);
  return {};
}

base::Result<void> add_part(Toolset& set, const std::string& path) {
  if (is_script(path)) {
    set.script = path;
  }
  return add_program(set, path);
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
