#include "base/zstd.hh"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Zstd, what_was_compressed_comes_back_however_it_is_cut) {
  std::string bytes;
  for (int i = 0; bytes.size() < 1'000'000; ++i) {
    bytes += std::to_string(i * 7919);
  }
  const std::string frame = zstd_compressed(bytes);
  EXPECT_LT(frame.size(), bytes.size());
  for (const size_t piece : {size_t{1}, size_t{1000}, frame.size()}) {
    ZstdReader reader;
    std::string out;
    for (size_t at = 0; at < frame.size(); at += piece) {
      ASSERT_TRUE(reader.take(std::string_view(frame).substr(at, piece), out, bytes.size()));
    }
    EXPECT_EQ(out, bytes) << piece;
  }
}

TEST(Zstd, frames_one_after_the_other_are_one_stream) {
  ZstdReader reader;
  std::string out;
  EXPECT_TRUE(reader.take(zstd_compressed("ab") + zstd_compressed("") + zstd_compressed("cd"), out, 4));
  EXPECT_EQ(out, "abcd");
}

TEST(Zstd, what_is_too_long_or_no_zstd_is_refused) {
  std::string out;
  EXPECT_FALSE(ZstdReader().take(zstd_compressed(std::string(10'000'000, 'x')), out, 1'000'000));
  EXPECT_LE(out.size(), 1'000'000U);
  out.clear();
  EXPECT_FALSE(ZstdReader().take("no frame at all", out, 100));
}

}  // namespace
}  // namespace base
