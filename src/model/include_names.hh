#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace model {

// What a file mentions, read without regard to conditionals: more than preprocessing will see, never less.
struct Mentions {
  struct Header {
    std::string name;
    bool quoted = false;  // "name", searched from the file's own directory first
    bool next = false;    // #include_next

    auto operator<=>(const Header&) const = default;
  };

  std::vector<Header> headers;
  bool computed = false;   // #include MACRO: the name cannot be read off
  bool incbin = false;     // .incbin, .include, #embed: files that no -M names
  bool date = false;       // __DATE__ or __TIME__
  bool timestamp = false;  // __TIMESTAMP__
};

[[nodiscard]] Mentions mentions_in(std::string_view text);

}  // namespace model
