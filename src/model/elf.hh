#pragma once

#include "base/result.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// What the dynamic section of an ELF file says about other files (System V ABI, "Dynamic Linking").
struct Elf {
  bool is_64_bit = true;
  uint16_t machine = 0;     // e_machine
  uint16_t type = 0;        // e_type: ET_REL 1, ET_EXEC 2, ET_DYN 3
  std::string interpreter;  // PT_INTERP; "" is none
  std::string soname;
  std::vector<std::string> needed;
  std::string rpath;  // unexpanded, colon separated
  std::string runpath;

  bool operator==(const Elf&) const = default;
};

// nullopt: not an ELF file, or a damaged one. Never reads outside `bytes`.
[[nodiscard]] std::optional<Elf> parse_elf(std::string_view bytes);

// The same of a file; an error when it cannot be read.
[[nodiscard]] base::Result<std::optional<Elf>> read_elf(const std::string& path);

}  // namespace model
