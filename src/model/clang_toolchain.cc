#include "model/clang_toolchain.hh"

#include "base/program_path.hh"
#include "model/driver_questions.hh"
#include "model/paths.hh"

#include <dirent.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace model {

namespace {

// clang's Distro.cpp: they decide on options of the linker.
constexpr const char* kDistributionFiles[] = {
    "/etc/lsb-release",    "/etc/os-release",   "/usr/lib/os-release", "/etc/redhat-release",
    "/etc/debian_version", "/etc/SuSE-release", "/etc/gentoo-release", "/etc/env.d/gcc"};

// Lists of what sanitizers leave alone; the driver names them to the compiler where they are there.
void add_folder(std::set<std::string>& files, const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    if (entry->d_name[0] != '.') {
      files.insert(folder + "/" + entry->d_name);
    }
  }
}

// Where clang looks whether a GCC could be there: an absent one and an empty one are not the same to it.
std::set<std::string> searched_folders(const std::string& driver) {
  const std::string prefix = parent_of(parent_of(driver));
  std::set<std::string> folders{"/opt"};
  for (const std::string& top : {std::string(), std::string("/usr"), prefix == "/" ? "" : prefix}) {
    for (const char* const name : {"/lib", "/lib32", "/lib64", "/libx32"}) {
      folders.insert(top + name);
    }
  }
  return folders;
}

void add_searched_folders(Toolset& set, const std::string& driver) {
  for (const std::string& folder : searched_folders(driver)) {
    if (is_directory(folder)) {
      set.directories.insert(folder);
    }
  }
}

// Folders and theirs below `folder`, so many levels deep.
void add_levels(std::set<std::string>& folders, const std::string& folder, int levels) {
  folders.insert(folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(levels > 0 ? ::opendir(folder.c_str()) : nullptr,
                                                      ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string below = folder + "/" + entry->d_name;
    if (entry->d_name[0] != '.' && is_directory(below)) {
      add_levels(folders, below, levels - 1);
    }
  }
}

// Whatever could lead this driver to another GCC, another configuration or another distribution's habits.
void add_what_it_rests_on(std::set<std::string>& paths, const std::string& driver, const std::string& about) {
  paths.insert(std::begin(kDistributionFiles), std::end(kDistributionFiles));
  for (const std::string& folder : searched_folders(driver)) {
    paths.insert(folder);
    for (const char* const name : {"/gcc", "/gcc-cross"}) {
      add_levels(paths, folder + name, 2);  // TARGET/VERSION
    }
  }
  std::error_code none;
  paths.insert({parent_of(driver), parent_of(std::filesystem::canonical(driver, none).string())});
  for (const char* const kind : {"System", "User"}) {
    for (const std::string& folder :
         lines_after(std::string(kind) + " configuration file directory: ", about)) {
      paths.insert(folder);
    }
  }
}

// It looks along PATH for TARGET-as before as.
void add_path_candidates(std::set<std::string>& paths, const std::string& path_variable,
                         const std::string& about, const std::set<std::string>& names) {
  for (const std::string& target : lines_after("Target: ", about)) {
    for (const std::string& name : names) {
      for (const std::string& folder : base::search_folders(path_variable, "/")) {
        paths.insert({folder + "/" + name, folder + "/" + target + "-" + name});
      }
    }
  }
}

// A GCC is taken for one by its start file, for each kind of code that it can make.
void add_gcc_installation(Toolset& set, const std::string& folder) {
  set.directories.insert(folder);
  for (const char* const kind : {"", "/64", "/32", "/x32"}) {
    const std::string start_file = folder + kind + "/crtbegin.o";
    if (is_there(start_file)) {
      set.files.insert(start_file);
    }
  }
}

}  // namespace

base::Result<Toolchain> discover_clang(const std::string& driver, const std::string& path_variable,
                                       const std::string& linker, const std::vector<std::string>& words,
                                       const std::string& pristine_root) {
  DriverQuestions questions(driver, words, path_variable, pristine_root);
  Toolchain toolchain;
  toolchain.maker = Toolchain::Maker::Llvm;
  toolchain.driver = driver;
  toolchain.linker = questions.program(linker);
  const std::string assembler = questions.program("as");
  toolchain.path_variable = narrowed_path(path_variable, {toolchain.linker, assembler});

  Toolset common;
  if (auto done = add_program(common, driver); !done) {
    return tl::unexpected(done.error());
  }
  const std::string resources = questions.ask("-print-resource-dir");
  if (is_directory(resources)) {
    common.directories.insert(resources);
    common.directories.insert(resources + "/include");
    add_folder(common.files, resources + "/share");
    common.rests_on.insert(resources + "/share");
  }
  for (const char* const file : kDistributionFiles) {
    if (is_there(file) && !is_directory(file)) {
      common.files.insert(file);
    }
  }
  add_searched_folders(common, driver);
  const std::string about = questions.about_itself();
  for (const std::string& folder : lines_after("Selected GCC installation: ", about)) {
    add_gcc_installation(common, folder);
  }
  for (const std::string& file : lines_after("Configuration file: ", about)) {
    common.files.insert(file);
  }
  toolchain.compile = toolchain.compile_cxx = toolchain.assemble = toolchain.link = common;
  if (!assembler.empty() && is_there(assembler)) {
    if (auto done = add_part(toolchain.external_assembler, assembler); !done) {
      return tl::unexpected(done.error());
    }
  }
  // One that only compiles is whole, too; a link then says for itself what it lacks.
  if (!toolchain.linker.empty() && is_there(toolchain.linker)) {
    if (auto done = add_part(toolchain.link, toolchain.linker); !done) {
      return tl::unexpected(done.error());
    }
    add_binutils_plugins(toolchain.link);
  }
  toolchain.rests_on = questions.looked_at();
  add_what_it_rests_on(toolchain.rests_on, driver, about);
  add_path_candidates(toolchain.rests_on, path_variable, about, {"as", linker});
  return toolchain;
}

}  // namespace model
