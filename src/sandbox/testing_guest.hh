#pragma once

#include "base/files.hh"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

// For tests of containers: the program that runs inside them, and the tests once more as an ordinary user.
// GUEST_static and GUEST_dynamic come from CMake.
namespace sandbox {

inline constexpr const char* kGuestsVariable = "GG_TEST_GUESTS";

// The programs may lie where the ordinary user cannot go; then a copy is named.
inline std::string guest_path(const std::string& linkage) {
  const char* const copies = std::getenv(kGuestsVariable);
  if (copies != nullptr) {
    return std::string(copies) + "/" + linkage;
  }
  return linkage == "static" ? GUEST_static : GUEST_dynamic;
}

// The file of a library that this very process has mapped.
inline std::string mapped_file(const std::string& name) {
  const std::string maps = base::read_file("/proc/self/maps");
  const size_t at = maps.find(name);
  const size_t begin = maps.rfind(' ', at) + 1;
  return maps.substr(begin, maps.find('\n', at) - begin);
}

// All tests of this very program once more, as user "nobody" and in a process of its own. Its wait status.
inline int run_all_as_ordinary_user() {
  const base::TemporaryDirectory guests;
  std::filesystem::permissions(guests.path(), std::filesystem::perms(0755));
  std::filesystem::copy_file(GUEST_static, guests.path() + "/static");
  std::filesystem::copy_file(GUEST_dynamic, guests.path() + "/dynamic");
  std::filesystem::copy_file("/proc/self/exe", guests.path() + "/test");
  const std::string program = guests.path() + "/test";
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    ::setenv(kGuestsVariable, guests.path().c_str(), 1);
    ::unsetenv("GTEST_OUTPUT");
    if (::setresgid(kNobody, kNobody, kNobody) == 0 && ::setresuid(kNobody, kNobody, kNobody) == 0 &&
        ::chdir("/") == 0) {
      ::execl(program.c_str(), program.c_str(), "--gtest_brief=1", nullptr);
    }
    ::_exit(99);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace sandbox
