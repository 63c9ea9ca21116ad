#include "net/grpc_credentials.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

namespace net {
namespace {

class ManualTime final : public base::Clock {
 public:
  explicit ManualTime(const base::Nanoseconds& now) : now_(now) {}

  [[nodiscard]] base::Nanoseconds steady() const override { return now_; }

  [[nodiscard]] base::Nanoseconds wall() const override { return now_; }

 private:
  const base::Nanoseconds& now_;
};

class CredentialsTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path() + "/" + name; }

  // A helper that runs this script, and counts how often.
  std::unique_ptr<GrpcCredentials> helper(const std::string& script) {
    base::write_file_atomically(at("helper"), "#!/bin/sh\necho x >> '" + at("calls") + "'\n" + script, 0755);
    return credentials_of({at("helper"), {"PATH=/usr/bin:/bin", "WHO=me"}, "https://build.example/"},
                          std::make_unique<ManualTime>(now_));
  }

  [[nodiscard]] size_t calls() const { return base::read_file(at("calls")).size() / 2; }

  static std::string problem(GrpcCredentials& credentials) {
    const auto headers = credentials.headers();
    return headers ? "none" : headers.error().message;
  }

  base::TemporaryDirectory folder_{"/tmp", "gg-test-"};
  base::Nanoseconds now_ = std::chrono::seconds(1'700'000'000);  // 2023-11-14T22:13:20Z
};

TEST_F(CredentialsTest, a_token_is_read_again_when_its_file_changes) {
  base::write_file_atomically(at("token"), "first\n", 0600);
  const auto token = token_in_file(at("token"));
  EXPECT_EQ(token->headers().value(), (GrpcCredentials::Headers{{"authorization", "Bearer first"}}));
  base::write_file_atomically(at("token"), "second", 0600);
  const timespec later[2] = {{2'000'000'000, 0}, {2'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("token").c_str(), later, 0), 0);
  EXPECT_EQ(token->headers().value(), (GrpcCredentials::Headers{{"authorization", "Bearer second"}}));
  EXPECT_FALSE(token->renew());
}

TEST_F(CredentialsTest, a_token_is_one_word) {
  for (const char* text : {"", "two words", "\n"}) {
    base::write_file_atomically(at("token"), text, 0600);
    EXPECT_NE(problem(*token_in_file(at("token"))).find("does not hold one word"), std::string::npos) << text;
  }
  EXPECT_NE(problem(*token_in_file(at("missing"))).find(at("missing")), std::string::npos);
}

TEST_F(CredentialsTest, a_helper_is_told_of_the_server_and_answers_with_headers) {
  const auto asked = helper(
      "test \"$1 $# $WHO\" = 'get 1 me' && grep -q '{\"uri\":\"https://build.example/\"}' && "
      "echo '{\"headers\": {\"Authorization\": [\"Bearer a\"], \"x-team\": [\"b\", \"c\"]}}'");
  EXPECT_EQ(asked->headers().value(),
            (GrpcCredentials::Headers{{"authorization", "Bearer a"}, {"x-team", "b"}, {"x-team", "c"}}));
}

TEST_F(CredentialsTest, a_helper_is_asked_again_when_what_it_said_has_expired) {
  const auto asked = helper("echo '{\"headers\": {}, \"expires\": \"2023-11-15T00:13:30.5+02:00\"}'");
  ASSERT_TRUE(asked->headers());
  now_ += std::chrono::seconds(9);
  ASSERT_TRUE(asked->headers());
  EXPECT_EQ(calls(), 1U);
  now_ += std::chrono::seconds(1);
  ASSERT_TRUE(asked->headers());
  EXPECT_EQ(calls(), 2U);
}

TEST_F(CredentialsTest, what_never_expires_is_asked_for_once) {
  const auto asked = helper("echo '{\"headers\": {}, \"expires\": \"9999-12-31T23:59:59Z\"}'");
  ASSERT_TRUE(asked->headers());
  now_ += std::chrono::hours(24);
  ASSERT_TRUE(asked->headers());
  EXPECT_EQ(calls(), 1U);
}

TEST_F(CredentialsTest, a_helper_is_asked_again_after_a_while_and_when_the_server_refuses) {
  const auto asked = helper("echo '{\"headers\": {}}'");
  ASSERT_TRUE(asked->headers());
  EXPECT_TRUE(asked->renew());
  ASSERT_TRUE(asked->headers());
  EXPECT_EQ(calls(), 2U);
  now_ += std::chrono::hours(1);
  ASSERT_TRUE(asked->headers());
  EXPECT_EQ(calls(), 3U);
}

TEST_F(CredentialsTest, a_helper_that_is_of_no_use_is_named_and_its_secrets_are_not) {
  EXPECT_NE(problem(*helper("echo secret; echo who are you >&2; exit 7"))
                .find("failed for https://build.example/ (exit 7), and said: who are you"),
            std::string::npos);
  for (const char* answer :
       {"secret", "{}", "[]", "{\"headers\": 1}", "{\"headers\": {\"a b\": [\"secret\"]}}",
        "{\"headers\": {\"a\": \"secret\"}}", "{\"headers\": {\"a\": [\"secret\\n\"]}}",
        "{\"headers\": {}, \"expires\": \"tomorrow\"}"}) {
    const std::string said = problem(*helper("cat <<'E'\n" + std::string(answer) + "\nE\n"));
    EXPECT_NE(said.find(at("helper")), std::string::npos) << answer;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
  }
  EXPECT_NE(
      problem(*credentials_of({at("none"), {}, ""}, std::make_unique<ManualTime>(now_))).find(at("none")),
      std::string::npos);
}

}  // namespace
}  // namespace net
