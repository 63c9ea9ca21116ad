#include "model/elf.hh"

#include "base/unique_fd.hh"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace model {

namespace {

struct Segment {
  uint32_t type = 0;
  uint64_t offset = 0;
  uint64_t address = 0;
  uint64_t size = 0;  // in the file
};

// Reads fixed-width numbers of either byte order and either word size; a read past the end gives 0 and is
// remembered.
class Reader {
 public:
  Reader(std::string_view bytes, bool wide, bool swapped) : bytes_(bytes), wide_(wide), swapped_(swapped) {}

  template <class T>
  T number(uint64_t offset) {
    T value{};
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof value) {
      damaged_ = true;
      return value;
    }
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    if (swapped_) {
      auto* raw = reinterpret_cast<char*>(&value);  // its bytes, to turn them round
      std::reverse(raw, raw + sizeof value);
    }
    return value;
  }

  uint64_t word(uint64_t offset) { return wide_ ? number<uint64_t>(offset) : number<uint32_t>(offset); }

  std::string text(uint64_t offset) {
    if (offset >= bytes_.size()) {
      damaged_ = true;
      return "";
    }
    const std::string_view rest = bytes_.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
  }

  [[nodiscard]] bool wide() const { return wide_; }

  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  std::string_view bytes_;
  bool wide_;
  bool swapped_;
  bool damaged_ = false;
};

std::vector<Segment> segments_of(Reader& reader) {
  const uint64_t table = reader.word(reader.wide() ? 32 : 28);
  const auto size = reader.number<uint16_t>(reader.wide() ? 54 : 42);
  const auto count = reader.number<uint16_t>(reader.wide() ? 56 : 44);
  std::vector<Segment> segments;
  for (uint64_t i = 0; i < count && !reader.damaged(); ++i) {
    const uint64_t at = table + i * size;
    const bool wide = reader.wide();
    segments.push_back({reader.number<uint32_t>(at), reader.word(at + (wide ? 8 : 4)),
                        reader.word(at + (wide ? 16 : 8)), reader.word(at + (wide ? 32 : 16))});
  }
  return segments;
}

uint64_t file_offset(const std::vector<Segment>& segments, uint64_t address) {
  for (const Segment& segment : segments) {
    if (segment.type == PT_LOAD && address >= segment.address && address - segment.address < segment.size) {
      return segment.offset + (address - segment.address);
    }
  }
  return UINT64_MAX;
}

void read_dynamic(Reader& reader, const std::vector<Segment>& segments, const Segment& dynamic, Elf& elf) {
  const uint64_t width = reader.wide() ? 8 : 4;
  std::vector<std::pair<uint64_t, uint64_t>> entries;
  uint64_t strings = 0;
  for (uint64_t at = dynamic.offset; at + 2 * width <= dynamic.offset + dynamic.size; at += 2 * width) {
    const uint64_t tag = reader.word(at);
    const uint64_t value = reader.word(at + width);
    if (tag == DT_NULL || reader.damaged()) {
      break;
    }
    strings = tag == DT_STRTAB ? file_offset(segments, value) : strings;
    entries.emplace_back(tag, value);
  }
  for (const auto& entry : entries) {
    const auto text = [&] { return reader.text(strings + entry.second); };
    switch (entry.first) {
      case DT_NEEDED:
        elf.needed.push_back(text());
        break;
      case DT_SONAME:
        elf.soname = text();
        break;
      case DT_RPATH:
        elf.rpath = text();
        break;
      case DT_RUNPATH:
        elf.runpath = text();
        break;
      default:
        break;
    }
  }
}

}  // namespace

std::optional<Elf> parse_elf(std::string_view bytes) {
  if (bytes.size() < EI_NIDENT || !bytes.starts_with(ELFMAG)) {
    return std::nullopt;
  }
  const bool big = bytes[EI_DATA] == ELFDATA2MSB;
  Reader reader(bytes, bytes[EI_CLASS] == ELFCLASS64, big != (std::endian::native == std::endian::big));
  Elf elf;
  elf.is_64_bit = reader.wide();
  elf.type = reader.number<uint16_t>(16);
  elf.machine = reader.number<uint16_t>(18);
  const std::vector<Segment> segments = segments_of(reader);
  for (const Segment& segment : segments) {
    if (segment.type == PT_INTERP) {
      elf.interpreter = reader.text(segment.offset);
    } else if (segment.type == PT_DYNAMIC) {
      read_dynamic(reader, segments, segment, elf);
    }
  }
  return reader.damaged() ? std::nullopt : std::optional(elf);
}

base::Result<std::optional<Elf>> read_elf(const std::string& path) {
  const auto failed = [&](const char* attempt) {
    return base::failure(std::string(attempt) + " '" + path + "': " + std::strerror(errno));
  };
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));

  struct stat status {};

  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return failed("open");
  }
  if (!S_ISREG(status.st_mode) || status.st_size < EI_NIDENT) {
    return std::nullopt;
  }
  const auto size = static_cast<size_t>(status.st_size);
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (mapped == MAP_FAILED) {
    return failed("map");
  }
  auto elf = parse_elf({static_cast<const char*>(mapped), size});
  ::munmap(mapped, size);
  return elf;
}

}  // namespace model
