#pragma once

#include "model/option_table.hh"

#include <span>

namespace model {

// Options of the gcc and g++ drivers (gcc 12's manual, "Option Summary").
[[nodiscard]] std::span<const Option> gcc_options();

// Options of GNU ld, as they stand behind -Wl, and -Xlinker, or on ld's own command line (binutils' manual,
// "Options").
[[nodiscard]] std::span<const Option> linker_options();

// Options of GNU as, as they stand behind -Wa, or on its own command line.
[[nodiscard]] std::span<const Option> assembler_options();

}  // namespace model
