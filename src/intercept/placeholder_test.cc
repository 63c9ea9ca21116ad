#include "intercept/placeholder.hh"

#include "base/files.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <cstdlib>

namespace intercept {
namespace {

const object::Promise kPromise{object::hash("a thunk"), "src/a b%.o"};

TEST(Placeholder, has_the_bytes_of_its_golden) {
  const std::string golden = GOLDENS "/placeholder.txt";
  const std::string text = placeholder_text(kPromise).value();
  if (std::getenv("GG_ACCEPT") != nullptr) {
    base::write_file_atomically(golden, text);
  }
  EXPECT_EQ(text, base::read_file(golden));
  EXPECT_EQ(parse_placeholder(base::read_file(golden)), kPromise);
}

TEST(Placeholder, any_output_name_survives_and_one_too_long_has_none) {
  for (const std::string& output :
       {std::string("o"), std::string("a\nb\xFF\t%41"), std::string("'$(x)`;|")}) {
    const auto text = placeholder_text({kPromise.thunk, output});
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), kPlaceholderBytes);
    EXPECT_EQ(parse_placeholder(*text)->output, output);
  }
  EXPECT_FALSE(placeholder_text({kPromise.thunk, std::string(kPlaceholderBytes, 'x')}));
}

TEST(Placeholder, only_the_very_bytes_count) {
  const std::string text = placeholder_text(kPromise).value();
  EXPECT_TRUE(parse_placeholder(text));
  EXPECT_FALSE(parse_placeholder(text.substr(1)));
  EXPECT_FALSE(parse_placeholder(text + "\n"));
  for (const size_t at : {size_t{0}, size_t{20}, size_t{95}, size_t{200}, kPlaceholderBytes - 1}) {
    std::string edited = text;
    edited[at] = 'X';
    EXPECT_FALSE(parse_placeholder(edited)) << at;
  }
}

TEST(Placeholder, a_fifo_a_directory_and_a_symlink_are_none_and_do_not_block) {
  const base::TemporaryDirectory folder;
  ASSERT_EQ(::system(("mkfifo " + folder.path() + "/fifo").c_str()), 0);
  base::write_file_atomically(folder.path() + "/real", placeholder_text(kPromise).value());
  ASSERT_EQ(::symlink("real", (folder.path() + "/link").c_str()), 0);
  EXPECT_FALSE(read_placeholder(folder.path() + "/fifo"));
  EXPECT_FALSE(read_placeholder(folder.path()));
  EXPECT_FALSE(read_placeholder(folder.path() + "/link"));
  EXPECT_FALSE(read_placeholder(folder.path() + "/none"));
  EXPECT_EQ(read_placeholder(folder.path() + "/real"), kPromise);
}

TEST(Placeholder, a_shell_that_takes_it_for_a_script_fails_and_does_nothing) {
  const base::TemporaryDirectory folder;
  base::write_file_atomically(folder.path() + "/prog",
                              placeholder_text({kPromise.thunk, "$(touch x)"}).value(), 0755);
  EXPECT_NE(::system(("cd " + folder.path() + " && PATH=/nonexistent /bin/sh ./prog 2>/dev/null").c_str()),
            0);
  EXPECT_FALSE(base::read_file_if_there(folder.path() + "/x"));
}

}  // namespace
}  // namespace intercept
