#include "net/texts.hh"

#include <gtest/gtest.h>

namespace net {
namespace {

std::optional<int64_t> seconds(const std::string& text) {
  const auto time = rfc3339_time(text);
  return time ? std::optional(time->count() / 1'000'000'000) : std::nullopt;
}

TEST(TextsTest, a_time_is_seconds_since_1970) {
  EXPECT_EQ(seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(seconds("2000-02-29T12:34:56Z"), 951'827'696);
}

TEST(TextsTest, a_fraction_of_a_second_is_passed_over) {
  EXPECT_EQ(seconds("1970-01-01T00:00:01.999Z"), 1);
  EXPECT_EQ(seconds("1970-01-01T00:00:01.5"), std::nullopt) << "of no zone";
  EXPECT_EQ(seconds("1970-01-01T00:00:01."), std::nullopt);
}

TEST(TextsTest, a_time_may_have_an_offset) {
  EXPECT_EQ(seconds("1970-01-01T02:30:00+02:30"), 0);
  EXPECT_EQ(seconds("1970-01-01T00:30:00-05:30"), 6 * 3600);
}

TEST(TextsTest, a_time_beyond_all_bounds_is_the_last_one) {
  constexpr int64_t kIn2262 = 9'223'372'036;
  EXPECT_EQ(seconds("9999-12-31T23:59:59Z"), kIn2262);
  EXPECT_EQ(seconds("1901-01-01T00:00:00Z"), 0);
}

TEST(TextsTest, what_is_no_time_is_none) {
  for (const char* text : {"", "tomorrow", "2030-01-02", "2030-01-02T03:04:05", "2030-13-02T03:04:05Z",
                           "2030-01-02T03:04:05Z and more"}) {
    EXPECT_EQ(seconds(text), std::nullopt) << text;
  }
}

TEST(TextsTest, trimmed_has_no_space_and_no_end_of_line_behind_it) {
  EXPECT_EQ(trimmed("token\r\n"), "token");
  EXPECT_EQ(trimmed(" a b \n\n"), " a b");
  EXPECT_EQ(trimmed("\n"), "");
}

TEST(TextsTest, base64_comes_back_as_it_was) {
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");  // RFC 4648, section 10
  for (const char* bytes : {"f", "fo", "foo", "\xff\xfe and more"}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  for (const char* text : {"", "Zg=", "no base64!"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(TextsTest, this_machine_has_few_names_for_itself) {
  for (const char* host : {"localhost", "::1", "127.0.0.1", "127.1.2.3"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "0.0.0.0", "localhost.example", "128.0.0.1", "::"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace

TEST(HttpTime, is_that_of_the_standards_example) {
  EXPECT_EQ(net::http_time("Sun, 06 Nov 1994 08:49:37 GMT"), std::chrono::seconds(784111777));
  EXPECT_EQ(net::http_time("yesterday"), std::nullopt);
}

}  // namespace net
