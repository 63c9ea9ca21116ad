#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace base {

// One word as a POSIX shell reads it back, bytes unchanged: plain words stay plain.
[[nodiscard]] std::string shell_quoted(std::string_view word);

// A command line that can be pasted into a shell.
[[nodiscard]] std::string shell_quoted(const std::vector<std::string>& words);

// For a person to read: control bytes and bytes that are not UTF-8 become \xHH. Never fed back to a program.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace base
