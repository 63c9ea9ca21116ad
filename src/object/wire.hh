#pragma once

#include "object/digest.hh"

#include <optional>
#include <string>

namespace gg::v1 {
class Digest;
}

namespace google::protobuf {
class MessageLite;
}

// Between our values and the generated messages; for the .cc files that encode, not for anybody else.
namespace object {

void to_wire(const Digest& digest, gg::v1::Digest& message);
[[nodiscard]] std::optional<Digest> from_wire(const gg::v1::Digest& message);

// Same message, same bytes: our messages have no maps and no unknown fields, so field order decides alone.
[[nodiscard]] std::string canonical_bytes(const google::protobuf::MessageLite& message);

}  // namespace object
