#pragma once

#include "cli/places.hh"

#include <string>
#include <vector>

namespace cli {

// `gg cc COMMAND` and `gg /path/to/tool …`: one command of a build, by whose build gg was put before the
// tool. `argv` is gg's own and `command` what it holds of the tool's. Ends as the tool does; returns its exit
// status unless this process has become the tool. Throws UsageError.
[[nodiscard]] int launch(const std::vector<std::string>& argv, const std::vector<std::string>& command,
                         const Environment& environment);

}  // namespace cli
