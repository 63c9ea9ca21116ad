#include "net/aws/sigv4.hh"

#include <gtest/gtest.h>

namespace net::aws {
namespace {

using std::chrono::seconds;

// The examples of AWS's own documentation: Amazon S3 API Reference, "Signature Calculations for the
// Authorization Header" and "Authenticating Requests: Using Query Parameters".
const Secrets kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", {}};
const SigningScope kScope{"us-east-1", "s3", seconds(1369353600)};  // 2013-05-24 00:00:00 UTC
constexpr auto kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

SignableRequest request(std::string method, std::string path) {
  return {std::move(method), "examplebucket.s3.amazonaws.com", std::move(path), {}, {}, kNothing};
}

std::string header(const HttpHeaders& headers, const std::string& name) {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

std::string authorization(const SignableRequest& request) {
  return header(sign(request, kExample, kScope), "Authorization");
}

TEST(SigV4Test, gets_an_object_as_the_documentation_does) {
  SignableRequest get = request("GET", "/test.txt");
  get.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(authorization(get),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4Test, puts_an_object_as_the_documentation_does) {
  SignableRequest put = request("PUT", "/" + uri_encoded("test$file.text", Slash::Kept));
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.payload_hash = sha256_hex("Welcome to Amazon S3.");
  EXPECT_EQ(authorization(put),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4Test, gets_a_lifecycle_as_the_documentation_does) {
  SignableRequest get = request("GET", "/");
  get.query = {{"lifecycle", ""}};
  EXPECT_EQ(authorization(get),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
            "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4Test, lists_objects_as_the_documentation_does) {
  SignableRequest list = request("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(authorization(list),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
            "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4Test, presigns_as_the_documentation_does) {
  const Query query = presign(request("GET", "/test.txt"), kExample, kScope, seconds(86400));
  EXPECT_EQ(canonical_query(query),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
            "&X-Amz-SignedHeaders=host");
}

// The case "post-sts-header-before" of AWS's Signature Version 4 test suite.
TEST(SigV4Test, signs_a_session_token_as_the_test_suite_does) {
  const Secrets temporary{
      "AKIDEXAMPLE",
      "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTf"
      "lfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HF"
      "vlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr"
      "4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
      {}};
  const SignableRequest post{"POST", "example.amazonaws.com", "/", {}, {}, kNothing};
  const HttpHeaders headers = sign(post, temporary, {"us-east-1", "service", seconds(1440938160)});
  EXPECT_EQ(header(headers, "x-amz-security-token"), temporary.session_token);
  EXPECT_EQ(header(headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
            "SignedHeaders=host;x-amz-date;x-amz-security-token,"
            "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

TEST(SigV4Test, a_session_token_is_part_of_what_is_presigned) {
  Secrets temporary = kExample;
  temporary.session_token = "token/+=";
  const std::string query =
      canonical_query(presign(request("GET", "/test.txt"), temporary, kScope, seconds(60)));
  EXPECT_NE(query.find("X-Amz-Security-Token=token%2F%2B%3D"), std::string::npos) << query;
}

TEST(SigV4Test, encodes_all_but_what_needs_no_encoding) {
  EXPECT_EQ(uri_encoded("aZ09-._~/ +%\xc3\xa4", Slash::Kept), "aZ09-._~/%20%2B%25%C3%A4");
  EXPECT_EQ(uri_encoded("a/b", Slash::Encoded), "a%2Fb");
}

}  // namespace
}  // namespace net::aws
