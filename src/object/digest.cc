#include "object/digest.hh"

#include <charconv>

namespace object {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<unsigned>(c - 'a') + 10U;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Digest> Digest::from_hex(std::string_view hex, uint64_t size) {
  Hash bytes{};
  if (hex.size() != 2 * bytes.size()) {
    return std::nullopt;
  }
  for (uint8_t& byte : bytes) {
    const auto high = hex_value(hex[0]);
    const auto low = hex_value(hex[1]);
    if (!high || !low) {
      return std::nullopt;
    }
    byte = static_cast<uint8_t>((*high << 4U) | *low);
    hex.remove_prefix(2);
  }
  return Digest(bytes, size);
}

std::optional<Digest> Digest::parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view number = text.substr(slash + 1);
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  const bool canonical = number == "0" || (!number.empty() && number[0] != '0');
  if (error != std::errc() || end != number.data() + number.size() || !canonical) {
    return std::nullopt;
  }
  return from_hex(text.substr(0, slash), size);
}

std::string Digest::hex() const {
  std::string text;
  write_hex(text);
  return text;
}

void Digest::write_hex(std::string& text) const {
  text.resize(2 * hash_.size());
  char* out = text.data();
  for (const uint8_t byte : hash_) {
    *out++ = kHexDigits[byte >> 4U];
    *out++ = kHexDigits[byte & 0xFU];
  }
}

std::string Digest::to_string() const {
  return hex() + "/" + std::to_string(size_);
}

}  // namespace object
