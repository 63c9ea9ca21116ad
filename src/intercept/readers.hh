#pragma once

#include <string>
#include <vector>

// What gg knows of programs that meet placeholders. Lists only ever make something cheaper: a program that is
// on none of them is always right.
namespace intercept {

// Does the program, started with this argv, only move files' bytes about? It may see placeholders as they
// are.
[[nodiscard]] bool only_moves_bytes(const std::string& program, const std::vector<std::string>& argv);

// Does the program care only for the names among its arguments (rm, mkdir), or hand them on to others (make,
// sh, env)? Then placeholders among them stay as they are.
[[nodiscard]] bool leaves_arguments_alone(const std::string& program);

}  // namespace intercept
