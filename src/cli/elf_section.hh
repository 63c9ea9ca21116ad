#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

// The name of the section of a little-endian ELF file that holds the byte at `offset`; "" where none does, or
// the bytes are no such file. Never reads outside `bytes`.
[[nodiscard]] std::string elf_section_at(std::string_view bytes, uint64_t offset);

}  // namespace cli
