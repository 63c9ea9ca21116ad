#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// What a linker script says about other files (ld's manual, "Commands Dealing with Files").
struct LinkScript {
  std::vector<std::string> inputs;    // of INPUT and GROUP, AS_NEEDED's too: paths, names, and -lNAME
  std::vector<std::string> leads_to;  // files of INCLUDE and STARTUP, directories of SEARCH_DIR

  // Does it change where files are found?
  [[nodiscard]] bool odd() const { return !leads_to.empty(); }

  bool operator==(const LinkScript&) const = default;
};

// Nullopt: the bytes are no text.
[[nodiscard]] std::optional<LinkScript> parse_link_script(std::string_view bytes);

// The SEARCH_DIRs in what `ld --verbose` prints, in order ("=/usr/lib": below the sysroot).
[[nodiscard]] std::vector<std::string> search_directories_of(std::string_view linker_script);

}  // namespace model
