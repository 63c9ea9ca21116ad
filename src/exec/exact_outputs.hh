#pragma once

#include "exec/layout.hh"

#include <optional>
#include <string>

namespace exec {

// What the command made that its outputs do not account for, as a sentence; nullopt: nothing. That is a file
// or directory in its working directory or beside an output that is neither in the layout nor an output, and
// an output file with another mode than 0644 or 0755 (the container's umask is 022). Looks at no other
// directory, so scratch files belong into /tmp. `root`: a descriptor of the container's "/" as the command
// left it.
[[nodiscard]] std::optional<std::string> excess(int root, const Layout& layout, const OutputPaths& outputs,
                                                const std::string& working_directory);

}  // namespace exec
