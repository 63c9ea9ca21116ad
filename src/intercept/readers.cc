#include "intercept/readers.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace intercept {

namespace {

// tar is not here: an archive outlives the build, so what goes into it has to be real.
constexpr std::array<std::string_view, 5> kMovers{"cp", "mv", "ln", "install", "ginstall"};

constexpr std::array<std::string_view, 49> kNamesOnly{
    "cp", "mv", "ln", "install", "ginstall", "rm", "rmdir", "unlink", "mkdir", "touch", "chmod", "chown",
    "chgrp", "echo", "printf", "true", "false", "sleep", "expr", "basename", "dirname", "readlink",
    "realpath", "mktemp", "make", "gmake", "gnumake", "remake", "ninja", "ninja-build", "samu", "cmake", "sh",
    "dash", "bash", "ksh", "mksh", "env", "nice", "ionice", "nohup", "time", "timeout", "xargs", "find",
    "strace", "sudo", "fakeroot",
    // hands a tool on to the session
    "gg"};

constexpr std::array<std::string_view, 6> kRuleReaders{"make",  "gmake",       "gnumake",
                                                       "ninja", "ninja-build", "samu"};

constexpr std::array<std::string_view, 16> kPackers{"cpio", "gcpio",  "bsdcpio", "pax", "afio", "tar",
                                                    "gtar", "bsdtar", "star",    "zip", "7z",   "7za",
                                                    "7zr",  "7zz",    "rsync",   "jar"};

constexpr std::array<std::string_view, 25> kNoProgramsExtensions{
    "so", "a",  "o",  "d",  "h",  "hh", "hpp", "c",  "cc",   "cpp",   "cxx",   "inc",  "in",
    "am", "ac", "m4", "mk", "mo", "py", "pm",  "pl", "json", "cmake", "cache", "alias"};

template <size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 2> kManyInOne{"busybox", "toybox"};

// Commands of cmake -E that never look into a file that they are given; copy_if_different compares sizes.
constexpr std::array<std::string_view, 15> kCMakeNamesOnly{
    "copy",           "copy_directory", "rename",         "rm",   "remove",      "remove_directory",
    "make_directory", "touch",          "touch_nocreate", "echo", "echo_append", "env",
    "time",           "create_symlink", "create_hardlink"};

std::string_view name_in(const std::string& path) {
  return std::string_view(path).substr(path.rfind('/') + 1);
}

// What the program is this time: busybox is what it is called as, or else what its first argument says.
std::string_view acts_as(const std::string& program, const std::vector<std::string>& argv) {
  for (size_t i = 0; i < argv.size() && i < 2 && one_of(program, kManyInOne); ++i) {
    if (!one_of(name_in(argv[i]), kManyInOne)) {
      return name_in(argv[i]);
    }
  }
  return program;
}

// The command of cmake -E; "" when it is another cmake, or none.
std::string_view cmake_command(const std::string& program, const std::vector<std::string>& argv) {
  return program == "cmake" && argv.size() > 2 && argv[1] == "-E" ? std::string_view(argv[2]) : "";
}

}  // namespace

bool only_moves_bytes(const std::string& program, const std::vector<std::string>& argv) {
  const std::string_view command = cmake_command(program, argv);
  return command == "copy" || command == "copy_directory" || command == "rename" ||
         one_of(acts_as(program, argv), kMovers);
}

bool leaves_arguments_alone(const std::string& program, const std::vector<std::string>& argv) {
  const std::string_view command = cmake_command(program, argv);
  return command.empty() ? one_of(acts_as(program, argv), kNamesOnly) || program.ends_with("libtool")
                         : one_of(command, kCMakeNamesOnly);
}

bool reads_only_rules(const std::string& program) {
  return one_of(program, kRuleReaders);
}

bool is_no_programs_name(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  const size_t version = name.find(".so.");  // libz.so.1.2
  name = name.substr(0, version == std::string_view::npos ? version : version + 3);
  const size_t dot = name.rfind('.');
  return (dot != std::string_view::npos && dot != 0 && one_of(name.substr(dot + 1), kNoProgramsExtensions)) ||
         path.starts_with("/usr/lib/locale/");
}

bool packs_listed_files(const std::string& program, const std::vector<std::string>& argv) {
  return cmake_command(program, argv) == "tar" || one_of(acts_as(program, argv), kPackers);
}

}  // namespace intercept
