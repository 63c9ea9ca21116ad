#pragma once

#include "model/options.hh"
#include "model/tool_names.hh"

#include <optional>
#include <string>
#include <vector>

namespace model {

// What words[at] is to that tool, by the table of its model. Nullopt: unknown, or its model goes by no table
// (ar's key). A compiler without a model is taken for gcc, which most of them take after.
[[nodiscard]] std::optional<Match> match_option(Tool tool, const std::vector<std::string>& words, size_t at);

}  // namespace model
