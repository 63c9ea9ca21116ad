#pragma once

#include "model/options.hh"

namespace model {

// Of ld, also behind -Wl, and -Xlinker (the manual of binutils' ld). Long options are spelt with two dashes;
// one dash is the same, see match_ld().
[[nodiscard]] std::span<const Option> ld_options();

// Of as, also behind -Wa,.
[[nodiscard]] std::span<const Option> as_options();

// Of strip and objcopy, binutils' and LLVM's.
[[nodiscard]] std::span<const Option> object_copy_options();

// ld takes long options with one dash or two (but for those that begin with 'o', where one dash means -o).
[[nodiscard]] std::optional<Match> match_ld(const std::vector<std::string>& words, size_t at);

}  // namespace model
