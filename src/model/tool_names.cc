#include "model/tool_names.hh"

#include "base/files.hh"
#include "base/program_path.hh"
#include "model/archive.hh"
#include "model/paths.hh"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <set>
#include <unordered_map>

namespace model {

namespace {

struct Name {
  std::string_view spelling;
  Tool tool;
};

// cc and c++ are here for compilers that are installed under just these names. "x86_64-linux-gnu-gcc-ar" ends
// with "ar", too, so the longer ones come first.
constexpr Name kNames[] = {{"llvm-ar", Tool::LlvmAr},
                           {"llvm-ranlib", Tool::LlvmAr},
                           {"gcc-ar", Tool::Ar},
                           {"gcc-ranlib", Tool::Ranlib},
                           {"gcc", Tool::Gcc},
                           {"cc", Tool::Gcc},
                           {"clang", Tool::Clang},
                           {"clang++", Tool::Clang},
                           {"g++", Tool::Gxx},
                           {"c++", Tool::Gxx},
                           {"ar", Tool::Ar},
                           {"ranlib", Tool::Ranlib},
                           {"cpp", Tool::Cpp},
                           {"ld", Tool::Ld},
                           {"ld.bfd", Tool::Ld},
                           {"ld.gold", Tool::Ld},
                           {"gold", Tool::Ld},
                           {"lld", Tool::Lld},
                           {"ld.lld", Tool::Lld},
                           {"mold", Tool::Mold},
                           {"ld.mold", Tool::Mold},
                           {"as", Tool::As},
                           {"strip", Tool::Strip},
                           {"objcopy", Tool::Objcopy},
                           {"llvm-objcopy", Tool::LlvmObjcopy},
                           {"llvm-strip", Tool::LlvmObjcopy},
                           {"nasm", Tool::Nasm},
                           {"yasm", Tool::Yasm},
                           {"nm", Tool::Reader},
                           {"gcc-nm", Tool::Reader},
                           {"llvm-nm", Tool::Reader},
                           {"readelf", Tool::Reader},
                           {"llvm-readobj", Tool::Reader},
                           {"size", Tool::Reader},
                           {"llvm-size", Tool::Reader},
                           {"gfortran", Tool::Other},
                           {"gdc", Tool::Other},
                           {"gccgo", Tool::Other},
                           {"rustc", Tool::Other},
                           {"javac", Tool::Other}};

// "-12", "-12.2", "-4.9.4"
bool is_version(std::string_view text) {
  return text.size() > 1 && text[0] == '-' && text[1] >= '0' && text[1] <= '9' &&
         text.find_first_not_of("0123456789.", 1) == std::string_view::npos;
}

std::string_view without_version(std::string_view name) {
  const size_t dash = name.rfind('-');
  return dash != std::string_view::npos && is_version(name.substr(dash)) ? name.substr(0, dash) : name;
}

// "x86_64-linux-gnu-", "arm-none-eabi-": at least a machine and a system. "gcc-" (of gcc-ar) is none.
bool is_target(std::string_view text) {
  return text.size() > 2 && text.ends_with('-') && text.find('-') != text.size() - 1;
}

bool is_file(const std::string& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string real_path(const std::string& path) {
  return base::real_path(path).value_or("");
}

}  // namespace

std::optional<Tool> tool_called(std::string_view name) {
  name = without_version(name);
  for (const Name& known : kNames) {
    const size_t length = known.spelling.size();
    // Thousands of names are asked about at each start, and nearly all end here.
    if (name.size() < length || (name.size() > length && name[name.size() - length - 1] != '-')) {
      continue;
    }
    const std::string_view before = name.substr(0, name.size() - length);
    if (name.ends_with(known.spelling) && (before.empty() || is_target(before))) {
      return known.tool;
    }
  }
  return std::nullopt;
}

bool is_ranlib(std::string_view name) {
  return without_version(name).ends_with("ranlib");
}

std::optional<Tool> object_copier(std::string_view name) {
  name = without_version(name);
  const auto is = [&](std::string_view tool) {
    const std::string_view before = name.ends_with(tool) ? name.substr(0, name.size() - tool.size()) : "?";
    return before.empty() || before == "llvm-" || is_target(before);
  };
  return is("strip")     ? std::optional(Tool::Strip)
         : is("objcopy") ? std::optional(Tool::Objcopy)
                         : std::nullopt;
}

bool is_elf_linker(std::string_view name) {
  name = without_version(name);
  return name == "ld" || name == "mold" || name.ends_with("ld.lld") || name.ends_with("ld.mold");
}

std::optional<ClangMode> clang_mode(std::string_view name) {
  name = without_version(name);
  if (name.ends_with("++")) {
    return ClangMode::Cxx;
  }
  const bool other = name.ends_with("cpp") || name.ends_with("cl") || name.ends_with("flang");
  return other ? std::nullopt : std::optional(ClangMode::C);
}

std::optional<std::string> driver_behind(const std::string& archiver) {
  const std::string real = real_path(archiver);
  for (const std::string_view tool : {"gcc-ar", "gcc-ranlib"}) {
    const size_t at = real.rfind(tool);
    // "gcc-ar-12", not "gcc-archive"
    if (at != std::string::npos && at > real.rfind('/') &&
        (at + tool.size() == real.size() || is_version(real.substr(at + tool.size())))) {
      return real.substr(0, at) + "gcc" + real.substr(at + tool.size());
    }
  }
  return std::nullopt;
}

std::string real_name(const std::string& path) {
  return std::string(base_name(real_path(path)));
}

namespace {

std::optional<Tool> tool_at_real(const std::string& real) {
  const auto tool = tool_called(base_name(real));
  const bool only_runs = tool == Tool::Reader || tool == Tool::Other;
  return tool && !only_runs && is_script(real) ? std::nullopt : tool;
}

}  // namespace

std::optional<Tool> tool_at(const std::string& path) {
  return tool_at_real(real_path(path));
}

bool is_script(const std::string& path) {
  const auto magic = magic_of(path);
  return magic && magic->starts_with("#!");
}

namespace {

// realpath() looks at each part of each path; of those that share their folders and links, once is enough.
class RealPaths {
 public:
  // Empty: it can't be resolved.
  const std::string& of(const std::string& path) {
    const auto [entry, is_new] = known_.try_emplace(path);
    std::string& real = entry->second;  // empty meanwhile, which ends a circle of links
    if (is_new) {
      real = resolve(path);
    }
    return real;
  }

 private:
  std::string resolve(const std::string& path) {
    if (path == "/") {
      return path;
    }
    const std::string& folder = of(parent_of(path));
    const std::string_view name = base_name(path);
    if (folder.empty() || name.empty() || name == ".") {
      return folder;
    }
    if (name == "..") {
      return folder == "/" ? folder : parent_of(folder);
    }
    const std::string here = absolute(folder, name);
    const auto target = base::link_target(here);
    return target ? of(absolute(folder, *target)) : here;
  }

  std::unordered_map<std::string, std::string> known_;  // references into it stay good
};

}  // namespace

std::vector<std::string> tools_on_path(const std::string& path_variable, const IsTool& is_described) {
  RealPaths real_paths;
  std::map<std::string, bool> found;  // real paths: is it a tool?
  std::set<std::string> folders;      // /bin is /usr/bin on many machines
  for (const std::string& named : base::search_folders(path_variable, ".")) {
    const std::string folder = real_path(named);
    if (folder.empty() || !folders.insert(folder).second) {
      continue;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
      const std::string name = entry->d_name;
      const bool described = is_described(name);
      if (!described && !tool_called(name)) {
        continue;
      }
      const std::string path = absolute(folder, name);
      const std::string real = entry->d_type == DT_REG ? path : real_paths.of(path);
      if (real.empty()) {
        continue;
      }
      bool& is_tool = found[real];
      is_tool = is_tool ||
                (::access(real.c_str(), X_OK) == 0 && is_file(real) && (described || tool_at_real(real)));
    }
  }
  std::vector<std::string> tools;
  for (const auto& [path, is_tool] : found) {
    if (is_tool) {
      tools.push_back(path);
    }
  }
  return tools;
}

}  // namespace model
