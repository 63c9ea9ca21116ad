#include "intercept/readers.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace intercept {

namespace {

// tar is not here: an archive outlives the build, so what goes into it has to be real.
constexpr std::array<std::string_view, 5> kMovers{"cp", "mv", "ln", "install", "ginstall"};

constexpr std::array<std::string_view, 48> kNamesOnly{
    "cp",    "mv",    "ln",      "install",  "ginstall", "rm",          "rmdir",    "unlink",
    "mkdir", "touch", "chmod",   "chown",    "chgrp",    "echo",        "printf",   "true",
    "false", "sleep", "expr",    "basename", "dirname",  "readlink",    "realpath", "mktemp",
    "make",  "gmake", "gnumake", "remake",   "ninja",    "ninja-build", "samu",     "cmake",
    "sh",    "dash",  "bash",    "ksh",      "mksh",     "env",         "nice",     "ionice",
    "nohup", "time",  "timeout", "xargs",    "find",     "strace",      "sudo",     "fakeroot"};

constexpr std::array<std::string_view, 17> kPackers{"cpio", "gcpio",  "bsdcpio", "pax", "afio",   "tar",
                                                    "gtar", "bsdtar", "star",    "zip", "7z",     "7za",
                                                    "7zr",  "7zz",    "rsync",   "jar", "busybox"};

template <size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool only_moves_bytes(const std::string& program, const std::vector<std::string>& argv) {
  if (program == "cmake") {
    return argv.size() > 2 && argv[1] == "-E" && (argv[2].compare(0, 4, "copy") == 0 || argv[2] == "rename");
  }
  return one_of(program, kMovers);
}

bool leaves_arguments_alone(const std::string& program) {
  return one_of(program, kNamesOnly) ||
         (program.size() >= 7 && program.compare(program.size() - 7, 7, "libtool") == 0);
}

bool packs_listed_files(const std::string& program) {
  return one_of(program, kPackers);
}

}  // namespace intercept
