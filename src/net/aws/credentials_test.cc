#include "net/aws/credentials.hh"

#include "base/files.hh"
#include "net/test_http_server.hh"

#include <gtest/gtest.h>

namespace net::aws {
namespace {

using Request = TestHttpServer::Request;
using std::chrono::minutes;
using std::chrono::seconds;

class HeldClock final : public base::Clock {
 public:
  [[nodiscard]] base::Nanoseconds steady() const override { return now; }

  [[nodiscard]] base::Nanoseconds wall() const override { return now; }

  base::Nanoseconds now = seconds(1'900'000'000);  // 2030-03-17T17:46:40Z
};

class AwsCredentialsTest : public ::testing::Test {
 protected:
  base::Result<Secrets> find(const Environment& environment, std::string_view config = "",
                             const std::string& profile = "default", bool is_chosen = false) {
    Profiles profiles;
    EXPECT_TRUE(read_profiles(config, ProfileFile::Config, "config", profiles));
    return find_secrets({environment, profiles, profile, is_chosen}, http_, clock_, {});
  }

  HttpClient http_{{}};
  HeldClock clock_;
  const Environment nowhere_{{"AWS_EC2_METADATA_DISABLED", "true"}};
  const Environment keys_{{"AWS_ACCESS_KEY_ID", "env"},
                          {"AWS_SECRET_ACCESS_KEY", "secret"},
                          {"AWS_SESSION_TOKEN", "token"},
                          {"AWS_EC2_METADATA_DISABLED", "true"}};
};

TEST_F(AwsCredentialsTest, the_environment_wins_over_a_profile_that_nobody_chose) {
  constexpr auto kConfig = "[default]\naws_access_key_id = profile\naws_secret_access_key = s\n";
  EXPECT_EQ(*find(keys_, kConfig), (Secrets{"env", "secret", "token", {}}));
  EXPECT_EQ(find(keys_, kConfig, "default", true)->access_key, "profile");
  EXPECT_EQ(find(nowhere_, kConfig)->access_key, "profile");
}

TEST_F(AwsCredentialsTest, where_nothing_is_the_error_says_what_to_do) {
  const auto found = find(nowhere_);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("no AWS credentials"), std::string::npos);
  EXPECT_NE(found.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
}

TEST_F(AwsCredentialsTest, a_process_is_asked) {
  const auto found = find(nowhere_,
                          "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"k\","
                          "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":"
                          "\"2030-03-17T18:46:40Z\"}'\n");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (Secrets{"k", "s", "t", seconds(1'900'003'600)}));
  const auto failed = find(nowhere_, "[default]\ncredential_process = echo no luck >&2; exit 3\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "credential_process of profile 'default' ends with 3: no luck");
}

TEST_F(AwsCredentialsTest, a_role_is_assumed_with_the_keys_of_its_source) {
  TestHttpServer sts([](const Request&) {
    return TestHttpServer::reply(
        200,
        "<AssumeRoleResponse "
        "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
        "<AccessKeyId>role</AccessKeyId><SecretAccessKey>a&amp;b</SecretAccessKey><SessionToken>t</"
        "SessionToken>"
        "<Expiration>2030-03-17T18:46:40Z</Expiration></Credentials></AssumeRoleResult></"
        "AssumeRoleResponse>");
  });
  Environment environment = nowhere_;
  environment["AWS_ENDPOINT_URL_STS"] = sts.url();
  const auto found = find(environment,
                          "[base]\naws_access_key_id = k\naws_secret_access_key = s\n[profile ci]\n"
                          "role_arn = arn:aws:iam::1:role/ci\nsource_profile = base\nexternal_id = x y\n"
                          "region = eu-west-1\n",
                          "ci");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (Secrets{"role", "a&b", "t", seconds(1'900'003'600)}));
  const Request request = sts.requests().at(0);
  EXPECT_EQ(
      request.body,
      "Action=AssumeRole&DurationSeconds=3600&ExternalId=x%20y&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fci"
      "&RoleSessionName=gg&Version=2011-06-15");
  EXPECT_NE(request.headers.at("authorization").find("Credential=k/20300317/eu-west-1/sts/aws4_request"),
            std::string::npos);
}

TEST_F(AwsCredentialsTest, a_role_that_is_refused_says_so) {
  TestHttpServer sts([](const Request&) {
    return TestHttpServer::reply(
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
        "</ErrorResponse>");
  });
  Environment environment = keys_;
  environment["AWS_ENDPOINT_URL_STS"] = sts.url();
  const auto found =
      find(environment, "[ci]\nrole_arn = arn:r\ncredential_source = Environment\nregion = eu-west-1\n", "ci",
           true);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "assume role 'arn:r' at " + sts.url() + ": not you (AccessDenied)");
}

TEST_F(AwsCredentialsTest, a_web_identity_needs_no_keys) {
  TestHttpServer sts([](const Request&) {
    return TestHttpServer::reply(
        200,
        "<A><Credentials><AccessKeyId>w</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2030-03-17T18:46:40Z</Expiration>"
        "</Credentials></A>");
  });
  const base::TemporaryDirectory folder;
  base::write_file_atomically(folder.path() + "/token", "jwt\n");
  Environment environment = nowhere_;
  environment["AWS_ENDPOINT_URL_STS"] = sts.url();
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder.path() + "/token";
  environment["AWS_ROLE_ARN"] = "arn:r";
  EXPECT_EQ(find(environment)->access_key, "w");
  EXPECT_EQ(sts.requests().at(0).headers.count("authorization"), 0U);
  EXPECT_NE(sts.requests().at(0).body.find("WebIdentityToken=jwt"), std::string::npos);
}

TEST_F(AwsCredentialsTest, a_container_is_asked_with_its_token) {
  TestHttpServer server([](const Request&) {
    return TestHttpServer::reply(
        200, R"({"AccessKeyId":"c","SecretAccessKey":"s","Token":"t","Expiration":"2030-03-17T18:46:40Z"})");
  });
  Environment environment = nowhere_;
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url() + "/role";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "word";
  EXPECT_EQ(*find(environment), (Secrets{"c", "s", "t", seconds(1'900'003'600)}));
  EXPECT_EQ(server.requests().at(0).headers.at("authorization"), "word");
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://elsewhere.example/role";
  EXPECT_NE(find(environment).error().message.find("neither https nor on this machine"), std::string::npos);
}

TEST_F(AwsCredentialsTest, a_chosen_profile_may_name_the_container_as_its_source) {
  TestHttpServer server([](const Request& request) {
    return request.method == "GET"
               ? TestHttpServer::reply(200, R"({"AccessKeyId":"c","SecretAccessKey":"s","Token":"t"})")
               : TestHttpServer::reply(200,
                                       "<A><Credentials><AccessKeyId>role</AccessKeyId><SecretAccessKey>s"
                                       "</SecretAccessKey><SessionToken>t</SessionToken>"
                                       "<Expiration>2030-03-17T18:46:40Z</Expiration></Credentials></A>");
  });
  Environment environment = nowhere_;
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url();
  environment["AWS_ENDPOINT_URL_STS"] = server.url();
  const auto found =
      find(environment, "[profile ci]\nrole_arn = arn:r\ncredential_source = EcsContainer\n", "ci", true);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key, "role");
  EXPECT_NE(server.requests().at(1).headers.at("authorization").find("Credential=c/"), std::string::npos);
}

TEST_F(AwsCredentialsTest, a_machine_is_asked_by_version_two) {
  TestHttpServer server([](const Request& request) {
    if (request.method == "PUT" && request.target == "/latest/api/token") {
      return TestHttpServer::reply(200, "session");
    }
    if (request.headers.count("x-aws-ec2-metadata-token") == 0) {
      return TestHttpServer::reply(401, "");
    }
    return request.target.ends_with("/")
               ? TestHttpServer::reply(200, "role")
               : TestHttpServer::reply(200, R"({"Code":"Success","AccessKeyId":"m","SecretAccessKey":"s",)"
                                            R"("Token":"t","Expiration":"2030-03-17T18:46:40Z"})");
  });
  EXPECT_EQ(find({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}})->access_key, "m");
  EXPECT_EQ(server.requests().at(2).target, "/latest/meta-data/iam/security-credentials/role");
}

TEST_F(AwsCredentialsTest, what_expires_is_fetched_anew_in_time) {
  int given = 0;
  std::string expires = "2030-03-17T18:46:40Z";
  TestHttpServer server([&](const Request&) {
    return given < 0 ? TestHttpServer::reply(500, "")
                     : TestHttpServer::reply(200, R"({"AccessKeyId":")" + std::to_string(++given) +
                                                      R"(","SecretAccessKey":"s","Expiration":")" + expires +
                                                      "\"}");
  });
  Environment environment = nowhere_;
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url();
  Credentials credentials({environment, {}, "default", false}, http_, clock_);
  EXPECT_EQ(credentials.get({})->access_key, "1");
  clock_.now += minutes(50);
  EXPECT_EQ(credentials.get({})->access_key, "1");
  clock_.now += minutes(6);
  given = -1;
  EXPECT_EQ(credentials.get({})->access_key, "1") << "they are good for four minutes more";
  given = 1;
  expires = "2030-03-17T19:46:40Z";
  const Secrets fresh = *credentials.get({});
  EXPECT_EQ(fresh.access_key, "2");
  credentials.refused(fresh);
  EXPECT_EQ(credentials.get({})->access_key, "3") << "the server said no to them";
}

}  // namespace
}  // namespace net::aws
