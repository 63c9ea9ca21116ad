#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Numbers in files and packs: 8 bytes, the highest first.
namespace storage {

inline constexpr size_t kNumberBytes = 8;

inline void append_number(std::string& bytes, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(number >> static_cast<unsigned>(shift));
  }
}

// Of the first kNumberBytes, which are there.
inline uint64_t read_number(std::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes.substr(0, kNumberBytes)) {
    number = (number << 8U) | static_cast<uint8_t>(byte);
  }
  return number;
}

}  // namespace storage
