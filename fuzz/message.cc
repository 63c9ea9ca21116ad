#include "wire/message.hh"

#include "fuzz/invariant.hh"

// The input as it stands is each of the messages; what one means, it means again when it is said again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::view(data, size);
  if (const auto read = wire::decode_invocation(bytes)) {
    fuzz::require(wire::decode_invocation(wire::encode(*read)) == read, "an invocation can be said again");
    for (const object::LentPack& pack : read->packs) {
      for (const object::PackedObject& object : pack.objects) {
        fuzz::require(object.offset + object.stored <= pack.bytes, "each object lies in its pack");
      }
    }
  }
  if (const auto read = wire::decode_answer(bytes)) {
    fuzz::require(wire::decode_answer(wire::encode(*read)) == read, "an answer can be said again");
  }
  if (const auto read = wire::decode_worker(bytes)) {
    fuzz::require(wire::decode_worker(wire::encode(*read)) == read, "a worker can be described again");
  }
  return 0;
}
