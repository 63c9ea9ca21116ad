#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"

#include <optional>
#include <string>

namespace exec {

// What the command did that its outputs do not account for, as a sentence; nullopt: nothing. In its working
// directory and beside each output that is a file or directory that is neither in the layout nor an output,
// and an input that is gone or another than was laid out (rewritten with the same bytes it is the same; its
// time does not count); and an output file with another mode than 0644 or 0755 (the container's umask is
// 022). Looks at no other directory, so scratch files belong into /tmp. What cannot be looked at is an error.
// `root`: a descriptor of the container's "/" as the command left it; `laid_out`: the directory that holds
// the layout, unchanged.
[[nodiscard]] Expected<std::optional<std::string>> excess(int root, const std::string& laid_out,
                                                          const Layout& layout, const OutputPaths& outputs,
                                                          const std::string& working_directory);

}  // namespace exec
