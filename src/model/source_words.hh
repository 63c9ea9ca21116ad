#pragma once

#include <string_view>

namespace model {

// What can be said of a source or header by looking at its words alone, whatever the macros are: more than is
// true, never less.
struct SourceWords {
  bool date_macro = false;       // __DATE__, __TIME__
  bool timestamp_macro = false;  // __TIMESTAMP__
  bool reads_files = false;      // .incbin, .include, #embed, __has_embed: what -M does not list

  bool operator==(const SourceWords&) const = default;
};

[[nodiscard]] SourceWords words_of(std::string_view text);

// The same of C++ (from C++11 on) with a closer look: dates and embedding are nothing in comments, nor in
// literals outside directives.
[[nodiscard]] SourceWords words_of_cxx(std::string_view text);

}  // namespace model
