#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace object {

// The name of some bytes: their SHA-256 and how many they are. Equal digests mean equal bytes, on any
// machine, for ever, so the text form is also what stores and logs show and must never change. A value; 40
// bytes.
class Digest {
 public:
  static constexpr size_t kHashBytes = 32;
  using Hash = std::array<uint8_t, kHashBytes>;

  Digest() = default;  // all zero: names nothing

  Digest(const Hash& hash, uint64_t size) : hash_(hash), size_(size) {}

  // Reads what to_string() writes, "<64 lower-case hex digits>/<size>"; anything else is nullopt. Digests
  // arrive from caches, users and workers, so a malformed one is an expected answer, not a fault.
  [[nodiscard]] static std::optional<Digest> parse(std::string_view text);

  // From the protocol's two fields; nullopt when `hex` is not 64 lower-case hex digits.
  [[nodiscard]] static std::optional<Digest> from_hex(std::string_view hex, uint64_t size);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] std::string hex() const;

  // Makes `text` hold hex(), in the memory it has.
  void write_hex(std::string& text) const;

  [[nodiscard]] const Hash& hash() const { return hash_; }

  // In bytes.
  [[nodiscard]] uint64_t size() const { return size_; }

  auto operator<=>(const Digest&) const = default;

 private:
  Hash hash_{};
  uint64_t size_ = 0;
};

}  // namespace object

template <>
struct std::hash<object::Digest> {
  size_t operator()(const object::Digest& digest) const noexcept {
    size_t value = 0;  // SHA-256 bits are already well mixed
    std::memcpy(&value, digest.hash().data(), sizeof value);
    return value;
  }
};
