#pragma once

#include <optional>
#include <string>
#include <vector>

namespace model {

// What an ELF file asks the dynamic loader for (System V ABI; elf(5)).
struct ElfNeeds {
  std::string interpreter;             // PT_INTERP; "" for a library or a static program
  std::vector<std::string> libraries;  // DT_NEEDED
  std::vector<std::string> runpath;    // DT_RUNPATH or else DT_RPATH, split at ':'; $ORIGIN not replaced
};

// Nullopt: not a 64-bit little-endian ELF file with dynamic needs (a script, an archive, a static program,
// damaged). Throws base::SyscallError when the file can't be read.
[[nodiscard]] std::optional<ElfNeeds> read_elf_needs(const std::string& path);

}  // namespace model
