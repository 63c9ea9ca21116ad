#include "storage/s3/pack_format.hh"

#include "object/hash.hh"
#include "testing/golden.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace storage {
namespace {

// "Hello, pack" so often that it is worth compressing, some bytes that are not, nothing, and a memo.
PackBuilder::Pack example() {
  PackBuilder builder;
  std::string repeated;
  for (int i = 0; i < 100; ++i) {
    repeated += "Hello, pack\n";
  }
  for (const std::string& bytes : {repeated, std::string("small"), std::string()}) {
    builder.add(object::hash(bytes), bytes);
  }
  builder.add(PackedMemo{object::hash("thunk"), object::hash("small")});
  return std::move(builder).take();
}

std::string_view end_of(const PackBuilder::Pack& pack) {
  const std::string_view bytes = pack.bytes;
  return bytes.substr(bytes.size() -
                      *index_and_footer_bytes(bytes.substr(bytes.size() - kPackFooterBytes), bytes.size()));
}

std::string text_of(const PackIndex& index) {
  std::string text;
  for (const PackedObject& object : index.objects) {
    text += fmt::format("object {} at {}, {} bytes, {}\n", object.digest.to_string(), object.offset,
                        object.stored, object.encoding == PackEncoding::Zstd ? "zstd" : "plain");
  }
  for (const PackedMemo& memo : index.memos) {
    text += fmt::format("memo {} -> {}\n", memo.thunk.to_string(), memo.result.to_string());
  }
  return text;
}

// Another libzstd may compress otherwise, so the golden's bytes are of a pack that holds none of it.
TEST(PackFormatTest, is_what_it_was) {
  PackBuilder builder;
  for (const std::string_view bytes : {"object one\n", "object two\n", ""}) {
    builder.add(object::hash(bytes), bytes);
  }
  builder.add(PackedMemo{object::hash("thunk"), object::hash("object one\n")});
  const PackBuilder::Pack pack = std::move(builder).take();
  golden::expect(GOLDENS, "pack", pack.bytes, text_of(pack.index));
}

TEST(PackFormatTest, what_is_put_in_comes_out) {
  const PackBuilder::Pack pack = example();
  const auto index = decode_index(end_of(pack), pack.bytes.size());
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(*index, pack.index);
  size_t zstd = 0;
  for (const PackedObject& object : index->objects) {
    const auto bytes = unpack(object, pack.bytes.substr(object.offset, object.stored));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(object::hash(*bytes), object.digest);
    zstd += object.encoding == PackEncoding::Zstd ? 1U : 0U;
  }
  EXPECT_EQ(zstd, 1U);
}

TEST(PackFormatTest, one_object_twice_is_in_it_once) {
  PackBuilder builder;
  builder.add(object::hash("a"), "a");
  builder.add(object::hash("a"), "a");
  EXPECT_EQ(std::move(builder).take().index.objects.size(), 1U);
}

TEST(PackFormatTest, no_bit_can_flip_unseen) {
  const PackBuilder::Pack pack = example();
  for (size_t at = 0; at < pack.bytes.size() * 8; ++at) {
    std::string damaged = pack.bytes;
    damaged[at / 8] = static_cast<char>(static_cast<unsigned char>(damaged[at / 8]) ^ (1U << (at % 8)));
    const std::string_view end = std::string_view(damaged).substr(damaged.size() - end_of(pack).size());
    if (at / 8 >= damaged.size() - end.size()) {
      EXPECT_FALSE(decode_index(end, damaged.size())) << "bit " << at;
      continue;
    }
    for (const PackedObject& object : pack.index.objects) {
      const auto bytes = unpack(object, damaged.substr(object.offset, object.stored));
      const bool is_hit = at / 8 >= object.offset && at / 8 < object.offset + object.stored;
      // A frame of zstd has bits that change nothing; what comes out is what was put in, or nothing.
      EXPECT_TRUE(bytes ? object::hash(*bytes) == object.digest : is_hit) << "bit " << at;
    }
  }
}

TEST(PackFormatTest, a_part_of_a_pack_is_refused) {
  const PackBuilder::Pack pack = example();
  const std::string_view end = end_of(pack);
  for (size_t length = 0; length < end.size(); ++length) {
    EXPECT_FALSE(decode_index(end.substr(end.size() - length), pack.bytes.size()));
  }
  EXPECT_FALSE(decode_index(end, pack.bytes.size() - 1));
  EXPECT_FALSE(decode_index(end, 0));
}

TEST(PackFormatTest, a_size_that_cannot_be_is_not_made_room_for) {
  const PackedObject object{object::Digest(object::hash("x").hash(), uint64_t{1} << 40U), 13, 5,
                            PackEncoding::Zstd};
  EXPECT_EQ(unpack(object, "12345"), std::nullopt);
}

}  // namespace
}  // namespace storage
