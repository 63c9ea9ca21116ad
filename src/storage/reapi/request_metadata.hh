#pragma once

#include <string>
#include <utility>

namespace storage {

// The header by which a Remote Execution server's own pages tell calls apart: which tool, which run of it.
[[nodiscard]] std::pair<std::string, std::string> request_metadata(const std::string& version,
                                                                   const std::string& run);

}  // namespace storage
