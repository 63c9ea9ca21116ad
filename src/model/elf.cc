#include "model/elf.hh"

#include "base/files.hh"

#include <elf.h>

#include <cstring>

namespace model {

namespace {

// Copies a T from `offset`; nullopt when the file ends before. (The bytes come from outside: nothing is
// trusted.)
template <class T>
std::optional<T> at(const std::string& bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string text_at(const std::string& bytes, uint64_t offset) {
  return offset < bytes.size() ? std::string(bytes.c_str() + offset) : "";
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t from = 0; from <= text.size();) {
    const size_t end = std::min(text.find(separator, from), text.size());
    if (end > from) {
      parts.push_back(text.substr(from, end - from));
    }
    from = end + 1;
  }
  return parts;
}

std::vector<Elf64_Phdr> program_headers(const std::string& bytes, const Elf64_Ehdr& header) {
  std::vector<Elf64_Phdr> headers;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    if (const auto entry = at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr))) {
      headers.push_back(*entry);
    }
  }
  return headers;
}

// Where a virtual address lies in the file.
std::optional<uint64_t> file_offset(const std::vector<Elf64_Phdr>& headers, uint64_t address) {
  for (const Elf64_Phdr& header : headers) {
    if (header.p_type == PT_LOAD && address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz) {
      return address - header.p_vaddr + header.p_offset;
    }
  }
  return std::nullopt;
}

std::vector<Elf64_Dyn> dynamic_entries(const std::string& bytes, const Elf64_Phdr& segment) {
  std::vector<Elf64_Dyn> entries;
  for (uint64_t i = 0; i < segment.p_filesz / sizeof(Elf64_Dyn); ++i) {
    const auto entry = at<Elf64_Dyn>(bytes, segment.p_offset + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) {
      break;
    }
    entries.push_back(*entry);
  }
  return entries;
}

void read_dynamic(const std::string& bytes, const std::vector<Elf64_Phdr>& headers, const Elf64_Phdr& segment,
                  ElfNeeds& needs) {
  const std::vector<Elf64_Dyn> entries = dynamic_entries(bytes, segment);
  std::optional<uint64_t> strings;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) {
      strings = file_offset(headers, entry.d_un.d_ptr);
    }
  }
  if (!strings) {
    return;
  }
  std::string rpath;
  std::string runpath;
  for (const Elf64_Dyn& entry : entries) {
    const std::string text = text_at(bytes, *strings + entry.d_un.d_val);
    if (entry.d_tag == DT_NEEDED) {
      needs.libraries.push_back(text);
    } else if (entry.d_tag == DT_RPATH) {
      rpath = text;
    } else if (entry.d_tag == DT_RUNPATH) {
      runpath = text;
    }
  }
  needs.runpath = split(runpath.empty() ? rpath : runpath, ':');
}

}  // namespace

std::optional<ElfNeeds> read_elf_needs(const std::string& path) {
  const std::string bytes = base::read_file(path);
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
    return std::nullopt;
  }
  const std::vector<Elf64_Phdr> headers = program_headers(bytes, *header);
  std::optional<ElfNeeds> needs;
  for (const Elf64_Phdr& segment : headers) {
    if (segment.p_type == PT_INTERP || segment.p_type == PT_DYNAMIC) {
      needs = needs ? needs : ElfNeeds{};
    }
    if (segment.p_type == PT_INTERP) {
      needs->interpreter = text_at(bytes, segment.p_offset);
    } else if (segment.p_type == PT_DYNAMIC) {
      read_dynamic(bytes, headers, segment, *needs);
    }
  }
  return needs;
}

}  // namespace model
