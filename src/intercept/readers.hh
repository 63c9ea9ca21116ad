#pragma once

#include <string>
#include <string_view>
#include <vector>

// What gg knows of programs that meet placeholders. All lists but the packers' only make something cheaper: a
// program that is on none of them is right.
namespace intercept {

// Does the program, started with this argv, only move files' bytes about? It may see placeholders as they
// are.
//
// `program` is the last part of its path; of those that are many programs in one (busybox, cmake -E), argv
// tells which.
[[nodiscard]] bool only_moves_bytes(const std::string& program, const std::vector<std::string>& argv);

// Does the program care only for the names among its arguments (rm, mkdir), or hand them on to others (make,
// sh, env)? Then placeholders among them stay as they are.
[[nodiscard]] bool leaves_arguments_alone(const std::string& program, const std::vector<std::string>& argv);

// Does the program itself open for reading only its own rules and what they include (make, ninja)? It never
// looks into a compiler.
[[nodiscard]] bool reads_only_rules(const std::string& program);

// Is the file a library, a source or the like by its name, or among locales? No tool and no link to one is.
[[nodiscard]] bool is_no_programs_name(std::string_view path);

// Does the program pack files whose names it may read from a pipe or a list, and take their sizes from stat,
// which is not notified? Then everything owed is made real before it starts, or it would cut files short.
[[nodiscard]] bool packs_listed_files(const std::string& program, const std::vector<std::string>& argv);

}  // namespace intercept
