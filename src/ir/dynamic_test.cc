#include "ir/dynamic.hh"

#include "object/hash.hh"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ir {
namespace {

const object::Promise kPromise{object::hash("thunk"), "out"};
const object::Promise kOther{object::hash("other"), "../out"};

TEST(Returned, what_is_appended_in_any_order_is_read_as_one) {
  const auto returned =
      decode_returned(encode_returned("w/out/b", kOther) + encode_returned("w/out/a", kPromise) +
                      encode_returned("w/out/b", kOther));
  ASSERT_TRUE(returned);
  EXPECT_EQ(*returned, (Returned{{"w/out/a", kPromise}, {"w/out/b", kOther}}));
}

TEST(Returned, nothing_is_nothing) {
  const auto returned = decode_returned("");
  ASSERT_TRUE(returned);
  EXPECT_TRUE(returned->empty());
}

TEST(Returned, two_promises_at_one_path_are_refused) {
  const auto returned = decode_returned(encode_returned("out", kOther) + encode_returned("out", kPromise));
  ASSERT_FALSE(returned);
  EXPECT_EQ(returned.error().message, "what the process returned: two promises at 'out'");
  EXPECT_EQ(returned.error().kind, base::FailureKind::Deterministic);
}

TEST(Returned, garbage_is_refused) {
  EXPECT_FALSE(decode_returned("garbage"));
  EXPECT_FALSE(decode_returned(encode_returned("out", kPromise).substr(0, 20)));
  EXPECT_FALSE(decode_returned(std::string("\x0a\x00", 2)));  // a promise of nothing
}

TEST(Returned, paths_that_lead_elsewhere_are_refused) {
  for (const char* path : {"", "..", "../a", "/a", "a/../b", "a//b", "a/", "."}) {
    EXPECT_THROW((void)encode_returned(path, kPromise), std::logic_error) << path;
  }
  EXPECT_THROW((void)encode_returned("a", {object::Digest(), "out"}), std::logic_error);
  EXPECT_THROW((void)encode_returned("a", {kPromise.thunk, ".."}), std::logic_error);
}

}  // namespace
}  // namespace ir
