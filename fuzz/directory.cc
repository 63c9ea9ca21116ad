#include "object/tree.hh"

#include "fuzz/invariant.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepts_only_canonical(fuzz::view(data, size), object::decode_directory);
  return 0;
}
