#include "storage/s3/bucket.hh"

#include <gtest/gtest.h>

namespace storage {
namespace {

net::aws::Configuration configuration(net::aws::Environment environment = {},
                                      std::map<std::string, std::string> profile = {}) {
  return {std::move(environment), {{"default", std::move(profile)}}, "default", false};
}

Bucket located(const char* address, const net::aws::Configuration& with = configuration()) {
  return locate(parse_bucket_address(address).value(), with).value();
}

TEST(BucketTest, an_address_is_read) {
  EXPECT_EQ(parse_bucket_address("s3://team"), (BucketAddress{"team", "", {}, {}, "", {}}));
  EXPECT_EQ(parse_bucket_address("s3://team/a/b/"), (BucketAddress{"team", "a/b/", {}, {}, "", {}}));
  EXPECT_EQ(parse_bucket_address(
                "s3://team/a?endpoint=http://127.0.0.1:7070&region=eu-west-1&profile=ci&style=host"),
            (BucketAddress{"team", "a/", "http://127.0.0.1:7070", "eu-west-1", "ci", BucketStyle::Host}));
}

TEST(BucketTest, what_is_no_address_is_refused_with_the_reason) {
  const std::pair<const char*, const char*> bad[] = {
      {"s3://", "'' is no name of a bucket"},
      {"s3://a b/c", "'a b' is no name of a bucket"},
      {"s3://team/a//b", "a part that is empty"},
      {"s3://team/../b", "a part that is empty, '.' or '..'"},
      {"s3://team?endpoint=host:80", "its endpoint 'host:80' is not http://HOST:PORT"},
      {"s3://team?endpoint=http://host/path", "is not http://HOST:PORT"},
      {"s3://team?style=other", "nobody knows its 'style=other'"},
      {"s3://team?regoin=x", "nobody knows its 'regoin=x'"},
  };
  for (const auto& [text, why] : bad) {
    const auto parsed = parse_bucket_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find(why), std::string::npos) << parsed.error().message;
  }
}

TEST(BucketTest, amazons_buckets_are_hosts_unless_a_dot_would_break_the_certificate) {
  const Bucket bucket = located("s3://team/a?region=eu-west-1");
  EXPECT_EQ(bucket.origin, "https://team.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(bucket.host, "team.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(bucket.root, "/");
  EXPECT_EQ(bucket.prefix, "a/");
  const Bucket dotted = located("s3://team.example");
  EXPECT_EQ(dotted.origin + dotted.root, "https://s3.us-east-1.amazonaws.com/team.example/");
  EXPECT_EQ(located("s3://team?region=cn-north-1").host, "team.s3.cn-north-1.amazonaws.com.cn");
}

TEST(BucketTest, at_other_servers_they_are_paths_unless_somebody_says_otherwise) {
  const Bucket path = located("s3://team?endpoint=http://localhost:7070/");
  EXPECT_EQ(path.origin + path.root, "http://localhost:7070/team/");
  EXPECT_EQ(path.host, "localhost:7070");
  const Bucket host = located("s3://team?endpoint=http://localhost:7070&style=host");
  EXPECT_EQ(host.origin + host.root, "http://team.localhost:7070/");
  const auto with = configuration({{"AWS_ENDPOINT_URL_S3", "https://minio:9000"}, {"AWS_REGION", "home"}},
                                  {{"s3.addressing_style", "virtual"}});
  EXPECT_EQ(located("s3://team", with).host, "team.minio:9000");
  EXPECT_EQ(located("s3://team?endpoint=https://other:443").host, "other");
  EXPECT_EQ(located("s3://team", with).region, "home");
  EXPECT_EQ(located("s3://team?region=other", with).region, "other");
}

}  // namespace
}  // namespace storage
