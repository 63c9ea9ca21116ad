#pragma once

#include "model/scan/dialect.hh"
#include "model/scan/scanner.hh"

#include <string>
#include <string_view>
#include <vector>

namespace model::scan {

struct DepfileTarget {
  std::string name;
  bool quote =
      true;  // false: -MT, written as it is; true: -MQ and the targets that the compiler chooses itself

  bool operator==(const DepfileTarget&) const = default;
};

struct DepfileOptions {
  bool system_headers = true;  // false: -MMD, -MM
  bool phony_targets = false;  // -MP

  bool operator==(const DepfileOptions&) const = default;
};

// The bytes of the depfile as gcc's libcpp or clang's driver and front end write it.
[[nodiscard]] std::string format_depfile(Flavour flavour, const std::vector<DepfileTarget>& targets,
                                         const std::vector<Dependency>& dependencies,
                                         const DepfileOptions& options);

// What gcc and clang call the target when neither -MT, -MQ nor -o does: "dir/a.c" -> "a.o".
[[nodiscard]] std::string default_target(std::string_view main_file);

}  // namespace model::scan
