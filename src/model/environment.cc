#include "model/environment.hh"

#include "base/errors.hh"
#include "base/program_path.hh"
#include "model/paths.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace model {

namespace {

using Variables = std::map<std::string, std::string>;

// GCC's manual, "Environment Variables Affecting GCC"; ld(1), as(1).
constexpr std::string_view kPassed[] = {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
                                        "LD_RUN_PATH"};
// Of compilers and binutils.
constexpr std::string_view kDeclined[] = {"COMPILER_PATH",
                                          "GCC_EXEC_PREFIX",
                                          "DEPENDENCIES_OUTPUT",
                                          "SUNPRO_DEPENDENCIES",
                                          "GCC_COMPARE_DEBUG",
                                          "OBJC_INCLUDE_PATH",
                                          "CCC_OVERRIDE_OPTIONS",
                                          "CC_PRINT_OPTIONS",
                                          "CC_PRINT_HEADERS",
                                          "CC_PRINT_PROC_STAT",
                                          "CC_LOG_DIAGNOSTICS",
                                          "GNUTARGET",
                                          "NASMENV",
                                          "LDEMULATION",
                                          "LLD_REPRODUCE",
                                          "MOLD_REPRO",
                                          "COLLECT_NO_DEMANGLE",
                                          "COLLECT_GCC_OPTIONS",
                                          "GCC_SPECS"};
// Of libc and its loader, whatever the program.
constexpr std::string_view kDeclinedOfAll[] = {"POSIXLY_CORRECT", "LD_LIBRARY_PATH", "GCONV_PATH", "LOCPATH",
                                               "NLSPATH"};

std::string value_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// locale(7): LC_ALL, then the category, then LANG; an empty value is none.
std::string locale_of(const Variables& variables, const std::string& category) {
  for (const std::string& name : {std::string("LC_ALL"), category, std::string("LANG")}) {
    if (std::string value = value_of(variables, name); !value.empty()) {
      return value == "POSIX" ? "C" : value;
    }
  }
  return "C";
}

bool is_same_directory(const std::string& a, const std::string& b) {
  struct stat first {};

  struct stat second {};

  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Directories that are not absolute would have to be resolved as each tool does.
bool has_relative_directory(std::string_view list) {
  for (;;) {
    const size_t colon = list.find(':');
    if (!list.substr(0, colon).starts_with('/')) {
      return true;
    }
    if (colon == std::string_view::npos) {
      return false;
    }
    list.remove_prefix(colon + 1);
  }
}

void add_if_there(std::vector<std::string>& files, const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) {
    files.push_back(path);
  }
}

void add_folder(std::vector<std::string>& files, const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name == "LC_MESSAGES") {
      files.push_back(folder + "/LC_MESSAGES/SYS_LC_MESSAGES");
    } else if (name[0] != '.') {
      files.push_back(folder + "/" + name);
    }
  }
}

// locale(7): language_TERRITORY.charset@modifier; iconv_open(3) knows both spellings.
bool is_utf8(const std::string& locale) {
  const size_t dot = locale.find('.');
  const std::string charset = dot == std::string::npos ? "" : locale.substr(dot, locale.find('@') - dot);
  return charset == ".UTF-8" || charset == ".utf8" || charset == ".utf-8" || charset == ".UTF8";
}

std::optional<Declined> first_set(std::span<const std::string_view> names, const Variables& variables) {
  for (const std::string_view name : names) {
    if (!value_of(variables, std::string(name)).empty()) {
      return Declined{"environment", std::string(name)};
    }
  }
  return std::nullopt;
}

void pass(Variables& passed, const Variables& given, const std::string& name) {
  if (const auto found = given.find(name); found != given.end()) {
    passed.insert(*found);
  }
}

}  // namespace

std::string path_variable_of(const Invocation& invocation) {
  const auto path = invocation.environment.find("PATH");
  return path == invocation.environment.end()
             ? "/bin:/usr/bin"
             : base::absolute_search_path(path->second, invocation.working_directory);
}

std::variant<Variables, Declined> plain_environment(const Invocation& invocation,
                                                    const std::string& path_variable) {
  const Variables& given = invocation.environment;
  Variables passed{{"PATH", path_variable}};
  if (auto declined = first_set(kDeclinedOfAll, given)) {
    return *std::move(declined);
  }
  pass(passed, given, "SOURCE_DATE_EPOCH");
  for (const char* const category : {"LC_CTYPE", "LC_MESSAGES"}) {
    if (const std::string locale = locale_of(given, category); locale != "C") {
      passed.emplace(category, locale);
    }
  }
  if (const std::string language = value_of(given, "LANGUAGE");
      !language.empty() && passed.contains("LC_MESSAGES")) {
    passed.emplace("LANGUAGE", language);
  }
  // gcc believes PWD when it names the working directory, and writes it into debugging information.
  const std::string pwd = value_of(given, "PWD");
  if (pwd.starts_with('/') && pwd != invocation.working_directory &&
      is_same_directory(pwd, invocation.working_directory)) {
    passed.emplace("PWD", pwd);
  }
  return passed;
}

std::variant<Variables, Declined> thunk_environment(const Invocation& invocation,
                                                    const std::string& path_variable) {
  const Variables& given = invocation.environment;
  if (auto declined = first_set(kDeclined, given)) {
    return *std::move(declined);
  }
  auto plain = plain_environment(invocation, path_variable);
  auto* passed = std::get_if<Variables>(&plain);
  if (passed == nullptr) {
    return plain;
  }
  for (const std::string_view name : kPassed) {
    pass(*passed, given, std::string(name));
  }
  // In these an empty element is the working directory.
  for (const char* const name : {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"}) {
    if (passed->contains(name) && has_relative_directory(passed->at(name))) {
      if (passed->at(name).empty()) {
        passed->erase(name);
      } else {
        return Declined{"environment", name};
      }
    }
  }
  return plain;
}

std::vector<std::string> locale_files(const Variables& environment) {
  std::vector<std::string> files;
  std::vector<std::string> languages;
  for (const char* const category : {"LC_CTYPE", "LC_MESSAGES"}) {
    const auto found = environment.find(category);
    if (found == environment.end() || found->second.find('/') != std::string::npos) {
      continue;
    }
    // Debian's C.UTF-8 is a directory of files like any other; without them gcc falls back to ASCII quotes.
    // No archive holds it, and that is large.
    if (!found->second.starts_with("C.")) {
      add_if_there(files, "/usr/lib/locale/locale-archive");
    }
    add_if_there(files, "/usr/share/locale/locale.alias");
    const std::string whole = found->second;
    const std::string short_name = whole.substr(0, whole.find('.'));
    const std::string language = short_name.substr(0, short_name.find('_'));
    for (const std::string& name : {whole, short_name + ".utf8", short_name}) {
      add_folder(files, "/usr/lib/locale/" + name);
    }
    languages.insert(languages.end(), {whole, short_name, language});
  }
  if (const auto list = environment.find("LANGUAGE"); list != environment.end()) {
    const std::vector<std::string> named = split_list(list->second);
    languages.insert(languages.end(), named.begin(), named.end());
  }
  for (const std::string& language : languages) {
    const std::string folder = "/usr/share/locale/" + language + "/LC_MESSAGES/";
    if (::access(folder.c_str(), X_OK) != 0) {
      continue;  // of twenty files, none
    }
    for (const char* const domain :
         {"gcc",    "cpplib",    "gcc-10",    "gcc-11",    "gcc-12",    "gcc-13",    "gcc-14",
          "gcc-15", "cpplib-10", "cpplib-11", "cpplib-12", "cpplib-13", "cpplib-14", "cpplib-15",
          "gas",    "ld",        "bfd",       "binutils",  "opcodes",   "libc"}) {
      add_if_there(files, folder + domain + ".mo");
    }
  }
  return files;
}

Charsets charsets_of(const Variables& environment) {
  const auto locale = environment.find("LC_CTYPE");
  return locale == environment.end() ? Charsets::None
         : is_utf8(locale->second)   ? Charsets::Listed
                                     : Charsets::All;
}

std::vector<std::string> charset_files(const std::string& libc, Charsets charsets) {
  std::vector<std::string> files;
  if (charsets == Charsets::None) {
    return files;
  }
  std::error_code none;
  const std::string folder = (std::filesystem::canonical(libc, none).parent_path() / "gconv").string();
  if (charsets == Charsets::All) {
    std::error_code failed;
    for (std::filesystem::recursive_directory_iterator at(folder, none), end; at != end;
         at.increment(failed)) {
      if (at->is_regular_file(none)) {
        files.push_back(at->path().string());
      }
    }
    if (failed) {
      throw base::OperatorError("look through '" + folder + "': " + failed.message());
    }
    return files;
  }
  add_if_there(files, folder + "/gconv-modules.cache");
  if (files.empty()) {
    add_if_there(files, folder + "/gconv-modules");
    add_folder(files, folder + "/gconv-modules.d");
  }
  return files;
}

}  // namespace model
