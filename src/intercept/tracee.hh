#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Reading a stopped thread of the build: its memory, and what its paths mean.
namespace intercept {

// The NUL-ended string at `address`, at most PATH_MAX or 128 KB (one argument's limit); nullopt when it
// cannot be read.
[[nodiscard]] std::optional<std::string> read_string(pid_t thread, uint64_t address);

// A word of 4 or 8 bytes.
[[nodiscard]] std::optional<uint64_t> read_word(pid_t thread, uint64_t address, size_t bytes);

// A NULL-ended array of strings; nullopt when it cannot be read.
[[nodiscard]] std::optional<std::vector<std::string>> read_strings(pid_t thread, uint64_t address,
                                                                   size_t pointer_bytes);

// A name by which *this* process reaches what the thread means by `path` relative to the descriptor
// `directory` (AT_FDCWD: its working directory): through /proc/TID/{root,cwd,fd}.
[[nodiscard]] std::string reach(pid_t thread, int directory, const std::string& path);

// What stands where the thread itself would end up. Through reach() an absolute symlink in the path leads on
// in *this* process's root and mounts; here it stays within the thread's. nullopt where that cannot be told
// (no such file, a kernel without openat2).
[[nodiscard]] std::optional<struct stat> look_as_thread(pid_t thread, int directory, const std::string& path);

// The path of what `reached` names, as the build sees it: symlinks resolved except, with Last::AsItIs, the
// last part, which then need not exist; a leading `pristine_root` taken off. "" when it cannot be told.
enum class Last { Followed, AsItIs };
[[nodiscard]] std::string real_path(const std::string& reached, Last last, const std::string& pristine_root);

}  // namespace intercept
