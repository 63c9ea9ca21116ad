#include "object/digest.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

namespace object {
namespace {

constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0";

TEST(Digest, names_bytes_by_sha256_and_size) {
  EXPECT_EQ(hash("").to_string(), kEmpty);
  EXPECT_EQ(hash("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  EXPECT_EQ(hash("abc").size(), 3U);
}

TEST(Digest, reads_only_what_it_writes) {
  EXPECT_EQ(Digest::parse(kEmpty), hash(""));
  const std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), hex, hex + "/", hex + "/01", hex + "/-1", hex + "/1 ", hex + "/18446744073709551616",
        std::string(64, 'A') + "/1", hex.substr(1) + "/1"}) {
    EXPECT_EQ(Digest::parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace object
