#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

// Which system calls of a build gg is told about (seccomp user notification), and what they mean.
namespace intercept {

enum class Call : uint8_t { Open, Execute, Rename, Link, Truncate };

// Where a call keeps its paths and flags. An index of -1: the call has no such argument; a directory of -1 is
// the working directory.
struct CallShape {
  Call call = Call::Open;
  int directory = -1;
  int path = 0;
  int flags = -1;             // of open: the open flags
  bool flags_in_how = false;  // openat2: `flags` is a pointer to struct open_how
  int fixed_flags = 0;        // creat
  int second_directory = -1;  // rename, link: the new name
  int second_path = -1;
  int arguments = -1;  // execute: argv
};

struct NumberedCall {
  uint32_t architecture = 0;  // AUDIT_ARCH_…
  int number = 0;
  CallShape shape;
};

// Every call that is notified, of this machine's architecture and of the 32-bit one it runs besides.
[[nodiscard]] const std::vector<NumberedCall>& notified_calls();

// The program for SECCOMP_SET_MODE_FILTER. io_uring_setup and all x32 calls answer ENOSYS in it, since what
// goes that way would not be seen.
[[nodiscard]] std::vector<sock_filter> filter_program();

}  // namespace intercept
