#include "storage/s3/bucket_calls.hh"

#include "storage/s3/test_bucket.hh"

#include <gtest/gtest.h>

namespace storage {
namespace {

using Request = TestBucket::Request;

TEST(BucketCallsTest, what_is_put_is_there_for_others) {
  TestBucket bucket;
  BucketCalls calls = bucket.calls();
  ASSERT_TRUE(calls.put("packs/a b", "0123456789", {}));
  EXPECT_EQ(bucket.held().begin()->first, "cache/packs/a%20b");
  EXPECT_EQ(*calls.get("packs/a b", {2, 3}, {}), "234");
  EXPECT_EQ(*calls.get("packs/other", {0, 1}, {}), std::nullopt);
  EXPECT_EQ(*calls.get("packs/a b", {8, 5}, {}), std::nullopt) << "it ends before";
}

TEST(BucketCallsTest, a_list_of_many_pages_is_one) {
  TestBucket bucket;
  bucket.trouble = [](const Request& request) -> std::optional<std::string> {
    const bool is_second = request.target.find("continuation-token=a%2Fb%3D") != std::string::npos;
    return net::TestHttpServer::reply(
        200, is_second
                 ? "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>cache/packs/2</Key>"
                   "<Size>20</Size></Contents></ListBucketResult>"
                 : "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a/b="
                   "</NextContinuationToken><Contents><Key>cache/packs/1</Key><Size>10</Size></Contents>"
                   "<Contents><Key>elsewhere/3</Key><Size>30</Size></Contents></ListBucketResult>");
  };
  const auto listed = bucket.calls().list("packs/", {});
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->at(0).key, "packs/1");
  EXPECT_EQ(listed->at(1).key, "packs/2");
  EXPECT_EQ(listed->at(1).bytes, 20U);
}

TEST(BucketCallsTest, secrets_that_have_expired_are_fetched_anew_once) {
  TestBucket bucket;
  const base::TemporaryDirectory folder;
  base::write_file_atomically(folder.path() + "/process",
                              "echo x >> " + folder.path() + "/calls; echo '{\"AccessKeyId\":\"k'$(wc -l < " +
                                  folder.path() + "/calls)'\",\"SecretAccessKey\":\"s\"}'");
  net::HttpClient http({});
  net::aws::Credentials credentials(
      {{{"PATH", "/usr/bin:/bin"}},
       {{"default", {{"credential_process", "sh " + folder.path() + "/process"}}}},
       "default",
       false},
      http, bucket.clock());
  Bucket place = bucket.calls().bucket();
  BucketCalls calls(place, http, credentials, bucket.clock(), {});
  bucket.trouble = [](const Request& request) {
    return request.headers.at("authorization").find("Credential=k1/") != std::string::npos
               ? std::optional(TestBucket::error(400, "ExpiredToken"))
               : std::nullopt;
  };
  EXPECT_TRUE(calls.put("key", "bytes", {}));
  EXPECT_EQ(bucket.requests().size(), 2U);
  bucket.trouble = [](const Request&) { return std::optional(TestBucket::error(400, "ExpiredToken")); };
  EXPECT_FALSE(calls.put("other", "bytes", {}));
  EXPECT_EQ(bucket.requests().size(), 4U) << "and when the new ones are refused as well, that is that";
}

TEST(BucketCallsTest, a_put_says_what_it_sends_and_replaces_nothing) {
  TestBucket bucket;
  BucketCalls calls = bucket.calls();
  ASSERT_TRUE(calls.put("k", "hello", {}));
  ASSERT_TRUE(calls.put("k", "other", {})) << "a name is a name of what it holds: it is there";
  EXPECT_EQ(bucket.held().at("cache/k"), "hello");
  const Request request = bucket.requests().at(0);
  EXPECT_EQ(request.headers.at("if-none-match"), "*");
  EXPECT_EQ(request.headers.at("x-amz-checksum-sha256"), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
}

TEST(BucketCallsTest, a_server_without_conditions_is_asked_without) {
  TestBucket bucket;
  bucket.trouble = [](const Request& request) {
    return request.headers.count("if-none-match") != 0
               ? std::optional(TestBucket::error(501, "NotImplemented"))
               : std::nullopt;
  };
  BucketCalls calls = bucket.calls();
  EXPECT_TRUE(calls.put("a", "1", {}));
  EXPECT_TRUE(calls.put("b", "2", {}));
  EXPECT_EQ(bucket.count("PUT"), 3U) << "it is remembered";
}

TEST(BucketCallsTest, what_is_large_goes_and_comes_in_parts) {
  TestBucket bucket;
  BucketCalls calls = bucket.calls(1000);
  std::string bytes;
  for (int i = 0; i < 4500; ++i) {
    bytes += static_cast<char>('a' + i % 26);
  }
  ASSERT_TRUE(calls.put("large", bytes, {}));
  EXPECT_TRUE(bucket.held().at("cache/large") == bytes);
  EXPECT_EQ(bucket.count("PUT"), 5U);
  EXPECT_TRUE(*calls.get("large", {10, 4400}, {}) == bytes.substr(10, 4400));
  EXPECT_EQ(bucket.count("GET"), 5U);
}

TEST(BucketCallsTest, an_upload_that_fails_leaves_no_parts) {
  TestBucket bucket;
  bucket.trouble = [](const Request& request) {
    return request.target.find("partNumber=3") != std::string::npos
               ? std::optional(TestBucket::error(403, "AccessDenied"))
               : std::nullopt;
  };
  BucketCalls calls = bucket.calls(1000);
  EXPECT_FALSE(calls.put("large", std::string(4500, 'x'), {}));
  EXPECT_EQ(bucket.count("DELETE"), 1U);
}

TEST(BucketCallsTest, hiccups_are_tried_again) {
  TestBucket bucket;
  int left = 0;
  std::string said;
  bucket.trouble = [&](const Request&) { return left-- > 0 ? std::optional(said) : std::nullopt; };
  BucketCalls calls = bucket.calls();
  for (const std::string& trouble :
       {TestBucket::error(503, "SlowDown"), TestBucket::error(500, "InternalError"),
        TestBucket::error(429, "TooMany"), TestBucket::error(400, "BadDigest"),
        TestBucket::error(409, "ConditionalRequestConflict"), std::string(),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf")}) {
    left = 3;
    said = trouble;
    EXPECT_TRUE(calls.put("key", "bytes", {})) << trouble;
    EXPECT_LT(left, 0);
  }
}

TEST(BucketCallsTest, what_is_refused_for_good_is_not_tried_again_and_says_what_to_do) {
  const std::tuple<int, const char*, const char*, const char*> refusals[] = {
      {403, "InvalidAccessKeyId", "", "the server does not know this access key"},
      {403, "SignatureDoesNotMatch", "", "the secret access key is not the one"},
      {403, "AccessDenied", "", "s3:ListBucket on arn:aws:s3:::team"},
      {404, "NoSuchBucket", "", "there is no bucket 'team'"},
      {400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>",
       "the bucket is in region 'eu-west-1', not 'us-east-1': write s3://team/cache?region=eu-west-1"},
      {301, "PermanentRedirect", "", "the bucket is in another region than 'us-east-1'"},
      {403, "RequestTimeTooSkewed", "", "clock is off"},
      {400, "ExpiredToken", "", "the session has expired: sign in again"},
  };
  for (const auto& [status, code, more, advice] : refusals) {
    TestBucket bucket;
    bucket.trouble = [&, status = status, code = code, more = more](const Request&) {
      return TestBucket::error(status, code, more);
    };
    const auto listed = bucket.calls().list("packs/", {});
    ASSERT_FALSE(listed) << code;
    EXPECT_NE(listed.error().message.find(advice), std::string::npos) << listed.error().message;
    EXPECT_NE(listed.error().message.find("cannot list s3://team/cache"), std::string::npos);
    EXPECT_EQ(bucket.requests().size(), 1U) << code;
  }
}

TEST(BucketCallsTest, a_clock_that_is_off_is_measured) {
  TestBucket bucket;
  bucket.trouble = [](const Request&) {
    return net::TestHttpServer::reply(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                                      "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
  };
  const auto listed = bucket.calls().list("packs/", {});
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().message.find("s behind the server's: set it"), std::string::npos)
      << listed.error().message;
}

TEST(BucketCallsTest, what_is_no_s3_server_is_told_so) {
  for (const char* body : {"<html><body>Welcome</body></html>", "hello", ""}) {
    TestBucket bucket;
    bucket.trouble = [&](const Request&) { return net::TestHttpServer::reply(200, body); };
    const auto listed = bucket.calls().list("packs/", {});
    ASSERT_FALSE(listed);
    EXPECT_NE(listed.error().message.find("is that an S3 server?"), std::string::npos)
        << listed.error().message;
  }
}

}  // namespace
}  // namespace storage
