#include "object/hash.hh"
#include "storage/s3/pack_format.hh"

#include "fuzz/invariant.hh"

// The input is an index without its checksum, which is made right: what is behind it shall be reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kBefore = 4096;
  std::string end(fuzz::view(data, size));
  const object::Digest::Hash hash = object::hash(end).hash();
  end.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  end += "gg end 1";
  const uint64_t pack_bytes = kBefore + end.size();
  const auto index = storage::decode_index(end, pack_bytes);
  if (!index) {
    return 0;
  }
  fuzz::require(storage::encode_index(*index, kBefore) == end, "what is read is written the same");
  for (const storage::PackedObject& object : index->objects) {
    fuzz::require(object.offset + object.stored <= kBefore, "each object lies in the pack");
    const auto bytes = storage::unpack(object, std::string(object.stored, '\0'));
    fuzz::require(!bytes || object::hash(*bytes) == object.digest, "what comes out has its name");
  }
  return 0;
}
