#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// Where a preprocessor looks for headers, as it says itself under -v.
struct IncludeChain {
  std::vector<std::string> quote;    // before `bracket`, for #include "…" alone
  std::vector<std::string> bracket;  // #include <…>
  std::vector<std::string> absent;   // would be searched if they were there

  bool operator==(const IncludeChain&) const = default;
};

// What `gcc -M -v -H` says on stderr (with LC_ALL=C).
struct PreprocessorReport {
  IncludeChain chain;
  std::vector<std::string> entered;  // -H: every file that was entered, but for the source itself
};

// nullopt: it is not such a report.
[[nodiscard]] std::optional<PreprocessorReport> parse_preprocessor_report(std::string_view text);

// The prerequisites of the first rule of a depfile, unescaped ("\ " and "\#" and "$$", as libcpp's mkdeps.cc
// writes them).
[[nodiscard]] std::vector<std::string> prerequisites(std::string_view depfile);

}  // namespace model
