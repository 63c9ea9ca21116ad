#pragma once

#include "cli/settings.hh"
#include "model/described_tool.hh"

#include <string>
#include <vector>

namespace cli {

// The tools that the user describes (docs/models.md), in the order in which they count: the files of
// settings.tool_files, *.toml of .gg/tools below `directory` (absolute; where gg was started: a project's
// file is as trusted as the build that is run there), and of settings.tools. A mistake is a
// base::OperatorError that names file, line and what would be right.
[[nodiscard]] std::vector<model::DescribedTool> read_tool_files(const Settings& settings,
                                                                const std::string& directory);

// The nearest folder from `directory` upwards with a .gg/tools that is this user's own: a launcher is started
// anywhere in a project. `directory` itself if there is none.
[[nodiscard]] std::string project_around(const std::string& directory);

}  // namespace cli
