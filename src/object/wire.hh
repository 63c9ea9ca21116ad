#pragma once

#include "object/digest.hh"
#include "object/tree.hh"

#include <string>
#include <string_view>

namespace gg::v1 {
class Digest;
}

namespace google::protobuf {
class MessageLite;
}

// Between our values and the generated messages; for the .cc files that encode, not for anybody else.
namespace object {

void to_wire(const Digest& digest, gg::v1::Digest& message);

// A digest that is absent or malformed comes out as the one that names nothing, which problem_with() refuses.
[[nodiscard]] Digest from_wire(const gg::v1::Digest& message);

// False when the bytes are no such message.
[[nodiscard]] bool parse(std::string_view bytes, google::protobuf::MessageLite& message);

// Same message, same bytes: our messages have no maps and no unknown fields, so field order decides alone.
[[nodiscard]] std::string canonical_bytes(const google::protobuf::MessageLite& message);

// Why this may not be written, or "": the digest names nothing, or has a size beyond the protocol's int64.
[[nodiscard]] std::string_view problem_with(const Digest& digest);

// Why this may not be written, or "".
[[nodiscard]] std::string_view problem_with(const Entry& entry);

}  // namespace object
