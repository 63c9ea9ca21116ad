#pragma once

#include "object/tree.hh"

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// A small file in the user's tree that stands for a promise. The format is spec/placeholder.md: text of one
// fixed size, so that stat tells nearly every other file apart without opening it.
namespace intercept {

inline constexpr size_t kPlaceholderBytes = 1024;

// The bytes; nullopt when the output's name is too long to fit (the caller then waits for the real file).
[[nodiscard]] std::optional<std::string> placeholder_text(const object::Promise& promise);

// What the bytes stand for; nullopt for anything that placeholder_text() does not write.
[[nodiscard]] std::optional<object::Promise> parse_placeholder(std::string_view bytes);

// What the file at `path` stands for, symlinks not followed at its last component; nullopt for everything
// that is not a placeholder, also for what is not there or cannot be read. Whether the promise is *known* is
// the caller's to ask: a file counts as a placeholder only then.
[[nodiscard]] std::optional<object::Promise> read_placeholder(const std::string& path);

// The same for a caller that has the file's lstat at hand already.
[[nodiscard]] std::optional<object::Promise> read_placeholder(const std::string& path,
                                                              const struct stat& status);

// The same for a descriptor open for reading; its position is left alone.
[[nodiscard]] std::optional<object::Promise> read_placeholder(int fd);

}  // namespace intercept
