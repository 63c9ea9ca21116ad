#include "cli/elf_section.hh"

#include <elf.h>

#include <cstring>
#include <optional>

namespace cli {

namespace {

template <class T>
std::optional<T> read_at(std::string_view bytes, uint64_t offset) {
  T value;
  if (offset > bytes.size() || bytes.size() - offset < sizeof value) {
    return std::nullopt;
  }
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string text_at(std::string_view bytes, uint64_t offset) {
  return offset >= bytes.size() ? "" : std::string(bytes.substr(offset, bytes.find('\0', offset) - offset));
}

template <class FileHeader, class SectionHeader>
std::string section_at(std::string_view bytes, uint64_t offset) {
  const auto file = read_at<FileHeader>(bytes, 0);
  if (!file || file->e_shentsize != sizeof(SectionHeader)) {
    return "";
  }
  const auto header = [&](uint64_t index) {
    return read_at<SectionHeader>(bytes, file->e_shoff + index * sizeof(SectionHeader));
  };
  const auto names = header(file->e_shstrndx);
  for (uint64_t i = 1; names && i < file->e_shnum; ++i) {
    const auto section = header(i);
    if (section && section->sh_type != SHT_NOBITS && offset >= section->sh_offset &&
        offset - section->sh_offset < section->sh_size) {
      return text_at(bytes, uint64_t{names->sh_offset} + section->sh_name);
    }
  }
  return "";
}

}  // namespace

std::string elf_section_at(std::string_view bytes, uint64_t offset) {
  if (!bytes.starts_with(ELFMAG) || bytes.size() <= EI_DATA || bytes[EI_DATA] != ELFDATA2LSB) {
    return "";
  }
  return bytes[EI_CLASS] == ELFCLASS64 ? section_at<Elf64_Ehdr, Elf64_Shdr>(bytes, offset)
                                       : section_at<Elf32_Ehdr, Elf32_Shdr>(bytes, offset);
}

}  // namespace cli
