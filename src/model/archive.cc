#include "model/archive.hh"

#include "base/unique_fd.hh"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace model {

namespace {

// ar(5): 60 bytes, of which name and size matter here.
constexpr size_t kHeaderBytes = 60;
constexpr size_t kNameBytes = 16;
constexpr size_t kSizeAt = 48;
constexpr size_t kSizeBytes = 10;

std::optional<size_t> number(std::string_view text) {
  size_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::string> magic_of(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 8> head{};
  const ssize_t got = fd ? ::read(fd.get(), head.data(), head.size()) : -1;
  return got < 0 ? std::nullopt
                 : std::optional<std::string>(std::in_place, head.data(), static_cast<size_t>(got));
}

std::optional<Archive> read_archive(std::string_view bytes) {
  Archive archive;
  archive.thin = bytes.starts_with(kThinArchiveMagic);
  if (!archive.thin && !bytes.starts_with(kArchiveMagic)) {
    return std::nullopt;
  }
  std::string_view long_names;
  for (size_t at = kArchiveMagic.size(); at < bytes.size();) {
    if (bytes.size() - at < kHeaderBytes) {
      return std::nullopt;
    }
    const std::string_view name = bytes.substr(at, kNameBytes);
    const auto size = number(bytes.substr(at + kSizeAt, kSizeBytes));
    if (!size) {
      return std::nullopt;
    }
    at += kHeaderBytes;
    const bool index = name.starts_with("/ ") || name.starts_with("/SYM64/");
    const bool names = name.starts_with("// ");
    // A thin archive has no other bytes than these two's; what has bytes starts at an even offset.
    if (!archive.thin || index || names) {
      if (bytes.size() - at < *size) {
        return std::nullopt;
      }
      long_names = names ? bytes.substr(at, *size) : long_names;
      at += *size + *size % 2;
    }
    if (index || names) {
      continue;
    }
    if (!name.starts_with('/')) {
      archive.members.emplace_back(name.substr(0, name.find('/')));
      continue;
    }
    const auto offset = number(name.substr(1));
    if (!offset || *offset >= long_names.size()) {
      return std::nullopt;
    }
    const std::string_view rest = long_names.substr(*offset);
    archive.members.emplace_back(rest.substr(0, rest.find("/\n")));
  }
  return archive;
}

}  // namespace model
