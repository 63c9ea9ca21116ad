#include "model/option_table.hh"

#include "model/gcc_options.hh"

#include <gtest/gtest.h>

namespace model {
namespace {

const Option* found(const std::vector<std::string>& argv) {
  static const OptionTable table(gcc_options());
  const auto parsed = table.parse(argv, 0);
  return parsed ? parsed->option : nullptr;
}

TEST(OptionTable, the_longest_spelling_that_fits_is_taken) {
  EXPECT_EQ(found({"-O2"})->effect, Effect::Neutral);
  EXPECT_EQ(found({"-fplugin=x"})->effect, Effect::Decline);
  EXPECT_EQ(found({"-fPIC"})->effect, Effect::Neutral);
  EXPECT_EQ(found({"-fopenmp"})->effect, Effect::ExtraLibrary);
  EXPECT_EQ(found({"-fopenmp-simd"})->effect, Effect::Neutral);
  EXPECT_EQ(found({"-march=native"})->effect, Effect::Decline);
  EXPECT_EQ(found({"-march=x86-64"})->effect, Effect::Neutral);
  EXPECT_EQ(found({"-MMD"})->effect, Effect::DependencyOutput);
  EXPECT_EQ(found({"-static-libgcc"})->effect, Effect::Neutral);
}

TEST(OptionTable, a_value_is_joined_or_the_next_word_and_a_missing_one_is_no_option) {
  static const OptionTable table(gcc_options());
  EXPECT_EQ(table.parse({"-Ix"}, 0)->value, "x");
  EXPECT_EQ(table.parse({"-I", "x"}, 0)->words, 2U);
  EXPECT_FALSE(table.parse({"-o"}, 0));
}

TEST(OptionTable, what_no_row_knows_is_unknown) {
  EXPECT_EQ(found({"--no-such-thing"}), nullptr);
  EXPECT_EQ(found({"-co"}), nullptr);
  EXPECT_EQ(found({"-Zstrange"}), nullptr);
}

}  // namespace
}  // namespace model
