#pragma once

#include "base/result.hh"
#include "object/lending.hh"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Many objects in one, with what they are results of: spec/packs.md. Version 1.
namespace storage {

using object::PackedObject;
using object::PackEncoding;

// A thunk, and the object that is its encoded result.
struct PackedMemo {
  object::Digest thunk;
  object::Digest result;

  bool operator==(const PackedMemo&) const = default;
};

struct PackIndex {
  std::vector<PackedObject> objects;  // by digest
  std::vector<PackedMemo> memos;      // by thunk

  bool operator==(const PackIndex&) const = default;
};

// A pack's name: the SHA-256 of its bytes, or, of one that a worker writes, the hash of its thunk and the
// number of the attempt, so that the name is known before the pack is.
[[nodiscard]] bool is_pack_name(std::string_view name);
[[nodiscard]] std::string pack_name_of(const object::Digest& thunk, uint64_t attempt);

// A worker's pack tells of its own thunk only: a stranger may have written it.
[[nodiscard]] bool may_tell(std::string_view pack_name, const object::Digest& thunk);

class PackBuilder {
 public:
  PackBuilder();

  // Twice the same is fine.
  void add(const object::Digest& digest, std::string_view bytes);

  void add(const PackedMemo& memo) { index_.memos.push_back(memo); }

  // So far, without the index.
  [[nodiscard]] size_t bytes() const { return bytes_.size(); }

  struct Pack {
    std::string bytes;
    PackIndex index;
  };

  [[nodiscard]] Pack take() &&;

 private:
  std::string bytes_;
  PackIndex index_;
};

// What stands at the very end.
inline constexpr size_t kPackFooterBytes = 64;

// Where the index is: its bytes and the footer's, counted from the pack's end. The error: this is no pack.
[[nodiscard]] base::Result<uint64_t> index_and_footer_bytes(std::string_view footer, uint64_t pack_bytes);

// Of a pack with this index.
[[nodiscard]] uint64_t index_and_footer_bytes(const PackIndex& index);

// From these last bytes. Nothing in them is believed: they match their checksum, and every object lies in the
// pack; or it is an error.
[[nodiscard]] base::Result<PackIndex> decode_index(std::string_view index_and_footer, uint64_t pack_bytes);

// The index and the footer of a pack, as they stand at its end.
[[nodiscard]] std::string encode_index(const PackIndex& index, uint64_t index_offset);

// An object's bytes from those that are stored; nullopt if they are not those of its name.
[[nodiscard]] std::optional<std::string> unpack(const PackedObject& object, std::string_view stored);

}  // namespace storage
