#pragma once

#include <optional>
#include <string>
#include <string_view>

// Output paths are relative to a thunk's working directory, because Remote Execution's are. Each file has
// exactly one such path, so that equal thunks have equal names. Pure text: no file is looked at, no symlink
// followed. Paths from the root have no '/' at their start ("home/u/p/a.o"); "" is the root itself.
namespace ir {

// The path from the input root of the output `path` of a thunk that runs in `working_directory`: ("a/b",
// "../x") is "a/x". Nullopt if the path leaves the root, isn't an output path at all, or isn't the one
// spelling of its file (in "a/b", "../b/x" is spelt "x").
[[nodiscard]] std::optional<std::string> output_from_root(std::string_view working_directory,
                                                          std::string_view path);

// The other way round: how the file at `from_root` is spelt by a thunk that runs in `working_directory`.
// Nullopt for the working directory itself and what holds it, which can't be outputs.
[[nodiscard]] std::optional<std::string> output_path(std::string_view working_directory,
                                                     std::string_view from_root);

// "" or entry names with one '/' between them.
[[nodiscard]] bool is_path_from_root(std::string_view path);

}  // namespace ir
