#include "object/wire.hh"

#include <google/protobuf/message_lite.h>

#include <limits>

#include "gg/v1/object.pb.h"

namespace object {

namespace {

struct ProblemWith {
  std::string_view operator()(const File& file) const { return problem_with(file.digest); }

  std::string_view operator()(const Subdirectory& directory) const { return problem_with(directory.digest); }

  std::string_view operator()(const Symlink& link) const {
    const bool proper = !link.target.empty() && link.target.find('\0') == std::string::npos;
    return proper ? "" : "its target is empty or holds NUL";
  }

  std::string_view operator()(const Promise& promise) const {
    return is_output_path(promise.output) ? problem_with(promise.thunk) : "it promises no proper output path";
  }
};

}  // namespace

void to_wire(const Digest& digest, gg::v1::Digest& message) {
  digest.write_hex(*message.mutable_hash());
  message.set_size_bytes(static_cast<int64_t>(digest.size()));
}

Digest from_wire(const gg::v1::Digest& message) {
  // A negative size becomes one beyond int64, which problem_with() refuses.
  return Digest::from_hex(message.hash(), static_cast<uint64_t>(message.size_bytes())).value_or(Digest());
}

bool parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  constexpr size_t kLargestMessage = std::numeric_limits<int>::max();
  return bytes.size() <= kLargestMessage &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string canonical_bytes(const google::protobuf::MessageLite& message) {
  return message.SerializeAsString();
}

std::string_view problem_with(const Digest& digest) {
  constexpr uint64_t kLargestObject = std::numeric_limits<int64_t>::max();
  const bool proper = digest.hash() != Digest::Hash{} && digest.size() <= kLargestObject;
  return proper ? "" : "its digest is missing or malformed";
}

std::string_view problem_with(const Entry& entry) {
  return std::visit(ProblemWith{}, entry);
}

}  // namespace object
