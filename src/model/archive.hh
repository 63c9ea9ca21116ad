#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

inline constexpr std::string_view kArchiveMagic = "!<arch>\n";
inline constexpr std::string_view kThinArchiveMagic = "!<thin>\n";
static_assert(kArchiveMagic.size() == kThinArchiveMagic.size());

// The first eight bytes of the file, fewer where it has fewer; nullopt when it cannot be read.
[[nodiscard]] std::optional<std::string> magic_of(const std::string& path);

struct Archive {
  bool thin = false;
  // In order. Of a thin archive: paths relative to the archive's directory, or absolute.
  std::vector<std::string> members;
};

// GNU ar's format (ar(5), binutils' bfd/archive.c). Nullopt: no archive, or a damaged one.
[[nodiscard]] std::optional<Archive> read_archive(std::string_view bytes);

}  // namespace model
