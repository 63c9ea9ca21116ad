#include "base/quote.hh"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Quote, plain_words_stay_plain_and_all_others_survive_a_shell) {
  EXPECT_EQ(shell_quoted("-DX=1"), "-DX=1");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted(std::vector<std::string>{"a b", "it's", "$x\n"}), "'a b' 'it'\\''s' '$x\n'");
}

TEST(Quote, printable_keeps_utf8_and_escapes_the_rest) {
  EXPECT_EQ(printable("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(printable("\xFF\n\xC0\xAF"), "\\xff\\x0a\\xc0\\xaf");
}

}  // namespace
}  // namespace base
