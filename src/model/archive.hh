#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

inline constexpr std::string_view kArchiveMagic = "!<arch>\n";
inline constexpr std::string_view kThinArchiveMagic = "!<thin>\n";

// The members of a thin archive, as paths relative to the archive's directory (or absolute). Nullopt:
// damaged.
[[nodiscard]] std::optional<std::vector<std::string>> thin_archive_members(std::string_view bytes);

}  // namespace model
