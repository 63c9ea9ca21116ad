#include "net/aws/configuration.hh"

#include "base/files.hh"

#include <gtest/gtest.h>

namespace net::aws {
namespace {

Configuration of(std::string_view config, const Environment& environment = {},
                 const std::string& profile = "default") {
  Profiles profiles;
  EXPECT_TRUE(read_profiles(config, ProfileFile::Config, "config", profiles));
  return {environment, profiles, profile, false};
}

TEST(AwsConfigurationTest, reads_the_files_as_the_tools_of_aws_do) {
  const Configuration configuration =
      of("# a comment\n[default]\nregion = eu-central-1 # here\n\n[profile  \"two words\"]\n"
         "REGION=us-west-2\ns3 =\n  addressing_style = path\n  endpoint_url = http://one\noutput = json\n");
  EXPECT_EQ(configuration.region(), "eu-central-1");
  EXPECT_EQ(configuration.setting("two words", "region"), "us-west-2");
  EXPECT_EQ(configuration.setting("two words", "s3.addressing_style"), "path");
  EXPECT_EQ(configuration.setting("two words", "output"), "json");
  EXPECT_EQ(configuration.setting("two words", "nothing"), std::nullopt);
}

TEST(AwsConfigurationTest, a_bad_line_is_named) {
  Profiles profiles;
  const auto read = read_profiles("[default]\nregion\n", ProfileFile::Config, "config", profiles);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "config:2: a line without '='");
}

TEST(AwsConfigurationTest, credentials_win_over_config_and_the_environment_over_both) {
  const base::TemporaryDirectory home;
  base::make_directories(home.path() + "/.aws");
  base::write_file_atomically(home.path() + "/.aws/config",
                              "[default]\naws_access_key_id = a\nregion = one\n[profile ci]\nregion = two\n");
  base::write_file_atomically(home.path() + "/.aws/credentials", "[default]\naws_access_key_id = b\n");
  EXPECT_EQ(Configuration::read({{"HOME", home.path()}}, "")->setting("aws_access_key_id"), "b");
  EXPECT_EQ(Configuration::read({{"HOME", home.path()}, {"AWS_PROFILE", "ci"}}, "")->region(), "two");
  EXPECT_EQ(Configuration::read({{"HOME", home.path()}}, "ci")->region(), "two");
  EXPECT_EQ(Configuration::read({{"HOME", home.path()}, {"AWS_REGION", "three"}}, "ci")->region(), "three");
  const auto missing = Configuration::read({{"HOME", home.path()}}, "other");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("has a profile 'other'"), std::string::npos);
}

TEST(AwsConfigurationTest, an_endpoint_is_found_in_the_order_of_aws) {
  constexpr auto kConfig =
      "[default]\nservices = mine\nendpoint_url = http://all\n[services mine]\ns3 =\n  endpoint_url = "
      "http://s3\n";
  EXPECT_EQ(of(kConfig).endpoint("s3"), "http://s3");
  EXPECT_EQ(of(kConfig).endpoint("sts"), "http://all");
  const Environment general{{"AWS_ENDPOINT_URL", "http://env"}};
  EXPECT_EQ(of(kConfig, general).endpoint("s3"), "http://env");
  const Environment special{{"AWS_ENDPOINT_URL", "http://env"}, {"AWS_ENDPOINT_URL_S3", "http://env-s3"}};
  EXPECT_EQ(of(kConfig, special).endpoint("s3"), "http://env-s3");
  EXPECT_EQ(of(kConfig, {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}).endpoint("s3"), std::nullopt);
  EXPECT_EQ(of("[default]\n").endpoint("s3"), std::nullopt);
}

}  // namespace
}  // namespace net::aws
