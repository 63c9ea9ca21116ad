#include "object/digest.hh"

#include "fuzz/invariant.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::view(data, size);
  if (const auto digest = object::Digest::parse(text)) {
    fuzz::require(digest->to_string() == text, "what parse accepts, to_string gives back unchanged");
    fuzz::require(object::Digest::from_hex(digest->hex(), digest->size()) == digest, "hex() is read back");
  }
  return 0;
}
