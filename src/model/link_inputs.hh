#pragma once

#include "model/gcc.hh"

namespace model {

// Adds to the footprint all that the linker opens for the command's items: files, libraries as ld's search
// finds them (and names probed before, which are absent and so need no entry), what linker scripts and shared
// libraries name in turn. Returns why not: a library that is nowhere (ld says it better), a promise that must
// be read.
[[nodiscard]] std::optional<std::variant<Declined, MustRead>> add_link_inputs(
    const GccCommand& command, const std::vector<std::string>& implied_libraries, const Toolchain& toolchain,
    View& view, Footprint& footprint);

}  // namespace model
