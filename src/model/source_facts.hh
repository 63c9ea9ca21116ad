#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace model {

// A name that an #include, #include_next, #import or __has_include asks for, wherever it stands: in a
// conditional that is false or in a comment, too.
struct AskedName {
  std::string name;
  bool quoted = false;  // "…": the includer's own directory counts as well
  bool probed = false;  // __has_include: whether it exists is an answer in itself

  auto operator<=>(const AskedName&) const = default;
};

// What can be said of a source or header by looking at its words alone, whatever the macros are.
struct SourceFacts {
  std::vector<AskedName> names;    // sorted, each once
  bool computed_include = false;   // #include MACRO
  bool computed_probe = false;     // __has_include(MACRO)
  bool date_macro = false;         // __DATE__, __TIME__
  bool timestamp_macro = false;    // __TIMESTAMP__
  bool includes_binary = false;    // .incbin, #embed, __has_embed
  bool includes_assembly = false;  // .include
};

[[nodiscard]] SourceFacts facts_of(std::string_view text);

}  // namespace model
