#include "object/wire.hh"

#include <google/protobuf/message_lite.h>

#include "gg/v1/object.pb.h"

namespace object {

void to_wire(const Digest& digest, gg::v1::Digest& message) {
  message.set_hash(digest.hex());
  message.set_size_bytes(static_cast<int64_t>(digest.size()));
}

std::optional<Digest> from_wire(const gg::v1::Digest& message) {
  if (message.size_bytes() < 0) {
    return std::nullopt;
  }
  return Digest::from_hex(message.hash(), static_cast<uint64_t>(message.size_bytes()));
}

std::string canonical_bytes(const google::protobuf::MessageLite& message) {
  return message.SerializeAsString();
}

}  // namespace object
