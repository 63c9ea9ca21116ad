#pragma once

#include <string>
#include <string_view>
#include <vector>

// May a command that a shell line runs be answered before its result is known? Only where the line, whatever
// it is, can do nothing but fail when the command fails: so that running on as if it had succeeded is at most
// work in vain (DESIGN §4.3). Reads POSIX's shell grammar conservatively: what it does not understand is
// Unsure, and for that the answer is to wait.
namespace intercept {

enum class LineVerdict {
  CanOnlyStop,
  MayGoOn,  // `a; b`, `a || b`, `! a`, `if a`, `a | b`, `a &`, a loop, …
  Unsure,   // the command was not found in the line, or the line is beyond this parser
};

struct ShellOptions {
  bool stop_on_error = false;  // sh -e
};

// `argv` is the command as it was executed, its program's name as the line wrote it.
[[nodiscard]] LineVerdict judge_line(std::string_view line, const std::vector<std::string>& argv,
                                     const ShellOptions& options = {});

}  // namespace intercept
