#include "ir/thunk.hh"

#include "fuzz/invariant.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepts_only_canonical(fuzz::view(data, size), ir::decode_thunk);
  return 0;
}
