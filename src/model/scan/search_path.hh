#pragma once

#include "model/scan/dialect.hh"
#include "model/scan/file_system.hh"

#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

struct SearchDirectory {
  std::string name;  // as the compiler spells it
  bool system = false;

  bool operator==(const SearchDirectory&) const = default;
};

// Where the compiler looks, in its order: #include "x" goes through `quote`, then `bracket`.
struct SearchPath {
  std::vector<SearchDirectory> quote;
  std::vector<SearchDirectory> bracket;
  bool quote_ignores_source_directory = false;  // -I-

  bool operator==(const SearchPath&) const = default;
};

// What the command line and the environment add; -iprefix and a leading "=" are resolved by the caller.
struct UserDirectories {
  std::vector<std::string> quote;    // -iquote, and -I before -I-
  std::vector<std::string> bracket;  // -I, then CPATH ("." for an empty element)
  std::vector<std::string> system;   // -isystem, then C_INCLUDE_PATH or its kin
  std::vector<std::string> after;    // -idirafter
  bool quote_ignores_source_directory = false;

  bool operator==(const UserDirectories&) const = default;
};

struct MergedPath {
  SearchPath path;
  std::vector<std::string> absent;  // absolute; named but not there: the compiler forgot them
};

// The lists as gcc (incpath.c) or clang makes them: directories that don't exist and those that stand
// elsewhere under another name are dropped. `defaults`: the compiler's own, from `compiler_facts`.
[[nodiscard]] MergedPath merge(Flavour flavour, const UserDirectories& user,
                               const std::vector<std::string>& defaults, const std::string& working_directory,
                               FileSystem& files);

[[nodiscard]] std::string absolute(const std::string& working_directory, std::string_view path);

}  // namespace model::scan
