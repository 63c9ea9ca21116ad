#include "ir/dynamic.hh"

#include "fuzz/invariant.hh"

// Any process can leave any bytes there.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto returned = ir::decode_returned(fuzz::view(data, size));
  if (!returned) {
    fuzz::require(!returned.error().message.empty(), "a refusal gives its reason");
    return 0;
  }
  std::string again;
  for (const auto& [path, promise] : *returned) {
    again += ir::encode_returned(path, promise);
  }
  fuzz::require(ir::decode_returned(again) == returned, "what is read can be written and read again");
  return 0;
}
