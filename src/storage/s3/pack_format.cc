#include "storage/s3/pack_format.hh"

#include "base/zstd.hh"
#include "object/hash.hh"
#include "storage/numbers.hh"

#include <fmt/format.h>

#include <zstd.h>

#include <algorithm>
#include <cassert>
#include <tuple>

namespace storage {

namespace {

constexpr std::string_view kMagic = "gg s3 pack 1\n";
constexpr std::string_view kEnd = "gg end 1";
constexpr size_t kDigestBytes = 40;
constexpr size_t kObjectBytes = kDigestBytes + 2 * kNumberBytes + 1;
constexpr size_t kMemoBytes = 2 * kDigestBytes;
constexpr size_t kWorthwhile = 64;  // below that, there is nothing to gain

void append_digest(std::string& bytes, const object::Digest& digest) {
  bytes.append(reinterpret_cast<const char*>(digest.hash().data()), digest.hash().size());
  append_number(bytes, digest.size());
}

// Whoever calls has seen that it is long enough.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t number() { return read_number(take(kNumberBytes)); }

  object::Digest digest() {
    object::Digest::Hash hash{};
    const std::string_view bytes = take(hash.size());
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return {hash, number()};
  }

  std::string_view take(size_t count) {
    assert(count <= bytes_.size());
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view bytes_;
};

tl::unexpected<base::Error> no_pack(const char* why) {
  return base::failure(std::string("that is no pack of gg's: ") + why, base::FailureKind::RetryElsewhere);
}

struct Footer {
  uint64_t index_offset = 0;
  uint64_t objects = 0;
  uint64_t memos = 0;
  std::string_view hash;  // of all before it, from the index's begin

  explicit Footer(std::string_view bytes) {
    Reader reader(bytes);
    index_offset = reader.number();
    objects = reader.number();
    memos = reader.number();
    hash = reader.take(object::Digest::kHashBytes);
  }
};

constexpr size_t kHashDigits = 64;
constexpr size_t kAttemptDigits = 16;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool is_pack_name(std::string_view name) {
  if (name.size() == kHashDigits) {
    return is_hex(name);
  }
  return name.size() == kHashDigits + 1 + kAttemptDigits && name[kHashDigits] == '.' &&
         is_hex(name.substr(0, kHashDigits)) && is_hex(name.substr(kHashDigits + 1));
}

std::string pack_name_of(const object::Digest& thunk, uint64_t attempt) {
  return fmt::format("{}.{:016x}", thunk.hex(), attempt);
}

bool may_tell(std::string_view pack_name, const object::Digest& thunk) {
  return pack_name.size() == kHashDigits || pack_name.substr(0, kHashDigits) == thunk.hex();
}

PackBuilder::PackBuilder() : bytes_(kMagic) {}

void PackBuilder::add(const object::Digest& digest, std::string_view bytes) {
  PackedObject object{digest, bytes_.size(), bytes.size(), PackEncoding::Plain};
  if (bytes.size() >= kWorthwhile) {
    const std::string small = base::zstd_compressed(bytes);
    if (small.size() < bytes.size() - bytes.size() / 16) {
      object.encoding = PackEncoding::Zstd;
      object.stored = small.size();
      bytes_ += small;
      index_.objects.push_back(object);
      return;
    }
  }
  bytes_ += bytes;
  index_.objects.push_back(object);
}

PackBuilder::Pack PackBuilder::take() && {
  std::sort(index_.objects.begin(), index_.objects.end(), [](const PackedObject& a, const PackedObject& b) {
    return std::tie(a.digest, a.offset) < std::tie(b.digest, b.offset);
  });
  index_.objects.erase(
      std::unique(index_.objects.begin(), index_.objects.end(),
                  [](const PackedObject& a, const PackedObject& b) { return a.digest == b.digest; }),
      index_.objects.end());
  std::sort(index_.memos.begin(), index_.memos.end(), [](const PackedMemo& a, const PackedMemo& b) {
    return std::tie(a.thunk, a.result) < std::tie(b.thunk, b.result);
  });
  index_.memos.erase(std::unique(index_.memos.begin(), index_.memos.end()), index_.memos.end());
  bytes_ += encode_index(index_, bytes_.size());
  return {std::move(bytes_), std::move(index_)};
}

std::string encode_index(const PackIndex& index, uint64_t index_offset) {
  std::string bytes;
  for (const PackedObject& object : index.objects) {
    append_digest(bytes, object.digest);
    append_number(bytes, object.offset);
    append_number(bytes, object.stored);
    bytes += static_cast<char>(object.encoding);
  }
  for (const PackedMemo& memo : index.memos) {
    append_digest(bytes, memo.thunk);
    append_digest(bytes, memo.result);
  }
  append_number(bytes, index_offset);
  append_number(bytes, index.objects.size());
  append_number(bytes, index.memos.size());
  const object::Digest::Hash hash = object::hash(bytes).hash();
  bytes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return bytes += kEnd;
}

uint64_t index_and_footer_bytes(const PackIndex& index) {
  return index.objects.size() * kObjectBytes + index.memos.size() * kMemoBytes + kPackFooterBytes;
}

base::Result<uint64_t> index_and_footer_bytes(std::string_view footer, uint64_t pack_bytes) {
  if (footer.size() != kPackFooterBytes || !footer.ends_with(kEnd)) {
    return no_pack("its end is not one");
  }
  const Footer read(footer);
  const uint64_t most = pack_bytes - kPackFooterBytes;
  if (pack_bytes < kPackFooterBytes || read.index_offset > most || read.index_offset < kMagic.size() ||
      read.objects > most / kObjectBytes || read.memos > most / kMemoBytes ||
      read.objects * kObjectBytes + read.memos * kMemoBytes != most - read.index_offset) {
    return no_pack("its index does not fit into it");
  }
  return pack_bytes - read.index_offset;
}

base::Result<PackIndex> decode_index(std::string_view bytes, uint64_t pack_bytes) {
  if (bytes.size() < kPackFooterBytes) {
    return no_pack("it is too short");
  }
  const std::string_view last = bytes.substr(bytes.size() - kPackFooterBytes);
  const auto length = index_and_footer_bytes(last, pack_bytes);
  if (!length) {
    return tl::unexpected(length.error());
  }
  if (*length != bytes.size()) {
    return no_pack("its index has another length");
  }
  const Footer footer(last);
  const object::Digest::Hash hash =
      object::hash(bytes.substr(0, bytes.size() - kEnd.size() - object::Digest::kHashBytes)).hash();
  if (footer.hash != std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size())) {
    return no_pack("its index is damaged");
  }
  PackIndex index;
  Reader reader(bytes);
  for (uint64_t i = 0; i < footer.objects; ++i) {
    PackedObject object{reader.digest(), reader.number(), reader.number(), PackEncoding::Plain};
    object.encoding = static_cast<PackEncoding>(reader.take(1).front());
    const bool lies_in_it = object.offset >= kMagic.size() && object.offset <= footer.index_offset &&
                            object.stored <= footer.index_offset - object.offset;
    const bool is_known = object.encoding == PackEncoding::Zstd ||
                          (object.encoding == PackEncoding::Plain && object.stored == object.digest.size());
    if (!lies_in_it || !is_known) {
      return no_pack("an object does not lie in it");
    }
    index.objects.push_back(object);
  }
  for (uint64_t i = 0; i < footer.memos; ++i) {
    const object::Digest thunk = reader.digest();
    index.memos.push_back({thunk, reader.digest()});
  }
  return index;
}

std::optional<std::string> unpack(const PackedObject& object, std::string_view stored) {
  if (stored.size() != object.stored) {
    return std::nullopt;
  }
  std::string bytes;
  if (object.encoding == PackEncoding::Plain) {
    bytes = stored;
  } else {
    // What the frame says of its size is not believed, and neither is a size that no frame of so few bytes
    // has (a block of zstd holds 128 KiB and takes 3 bytes at least).
    constexpr uint64_t kBlock = 128U << 10U;
    if (object.digest.size() / kBlock > object.stored) {
      return std::nullopt;
    }
    bytes.resize(object.digest.size());
    const size_t length = ZSTD_decompress(bytes.data(), bytes.size(), stored.data(), stored.size());
    if (ZSTD_isError(length) != 0U || length != bytes.size()) {
      return std::nullopt;
    }
  }
  return object::hash(bytes) == object.digest ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace storage
