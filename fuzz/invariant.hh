#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

inline std::string_view view(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program, which libFuzzer reports together with the input.
inline void require(bool holds, const char* invariant) {
  if (!holds) {
    std::fprintf(stderr, "broken: %s\n", invariant);
    std::abort();
  }
}

// Whatever decode accepts, encode gives back unchanged: so two objects with different names never mean the
// same.
template <class Decode>
void accepts_only_canonical(std::string_view bytes, Decode decode) {
  const auto value = decode(bytes);
  if (value) {
    require(check(*value).has_value(), "what decode accepts passes check()");
    require(encode(*value) == bytes, "what decode accepts, encode gives back unchanged");
    return;
  }
  require(!value.error().message.empty(), "a refusal gives its reason");
}

}  // namespace fuzz
