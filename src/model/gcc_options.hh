#pragma once

#include "model/options.hh"

namespace model {

// Of the drivers gcc, g++, cc, c++ (GCC's manual, "Invoking GCC"). -f options are looked up apart.
[[nodiscard]] std::span<const Option> gcc_options();

// Of ld, also behind -Wl, and -Xlinker (the manual of binutils' ld). Long options are spelt with two dashes;
// one dash is the same, see match_ld().
[[nodiscard]] std::span<const Option> ld_options();

// Of as, also behind -Wa,.
[[nodiscard]] std::span<const Option> as_options();

// Is "-fname", "-fno-name" or "-fname=…" (given as a whole word) one that touches no file?
[[nodiscard]] bool is_neutral_f_option(std::string_view word);

// ld takes long options with one dash or two (but for those that begin with 'o', where one dash means -o).
[[nodiscard]] std::optional<Match> match_ld(const std::vector<std::string>& words, size_t at);

}  // namespace model
