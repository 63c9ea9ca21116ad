#include "cloud/aws_calls.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/aws_failure.hh"
#include "cloud/test_account.hh"

using namespace cloud;
using net::TestHttpServer;
using testing::HasSubstr;

namespace {

net::HttpResponse answer(int status, std::string body, std::map<std::string, std::string> headers = {}) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

constexpr base::Nanoseconds kNow = std::chrono::seconds(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT

}  // namespace

TEST(AwsCalls, a_query_is_a_signed_form) {
  TestAccount account([](const auto&) { return TestHttpServer::reply(200, "<fine/>"); });
  EXPECT_EQ(account.calls().query("cloudformation", "DescribeStacks", "2010-05-15", {{"StackName", "a b"}}),
            "<fine/>");
  const auto request = account.server().requests().at(0);
  EXPECT_THAT(request.body, HasSubstr("StackName=a+b"));
  EXPECT_THAT(request.body, HasSubstr("Action=DescribeStacks"));
  EXPECT_THAT(request.headers.at("authorization"), HasSubstr("/eu-west-1/cloudformation/aws4_request"));
}

TEST(AwsCalls, a_throttled_call_is_made_again) {
  int asked = 0;
  TestAccount account([&asked](const auto&) {
    return ++asked < 3 ? TestHttpServer::reply(400, R"({"__type":"ThrottlingException"})")
                       : TestHttpServer::reply(200, "{}");
  });
  EXPECT_EQ(account.calls().json("ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeImages", "{}"), "{}");
  EXPECT_EQ(account.server().requests().size(), 3U);
}

TEST(AwsCalls, a_refusal_is_not) {
  TestAccount account([](const auto&) {
    return TestHttpServer::reply(403, R"({"Message":"User is not authorized"})",
                                 "x-amzn-ErrorType: AccessDeniedException:http://x/\r\n");
  });
  try {
    static_cast<void>(account.calls().rest("lambda", "GET", "/2016-08-19/account-settings/"));
    FAIL();
  } catch (const CallError& error) {
    EXPECT_EQ(error.code(), "AccessDeniedException");
    EXPECT_THAT(error.what(), HasSubstr("User is not authorized"));
    EXPECT_THAT(error.what(), HasSubstr("has to allow"));
  }
  EXPECT_EQ(account.server().requests().size(), 1U);
}

TEST(AwsFailure, all_dialects_name_their_code) {
  EXPECT_EQ(
      failure_of(answer(400, "<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>"))
          .code,
      "ValidationError");
  EXPECT_EQ(failure_of(answer(404, "<Error><Code>NoSuchBucket</Code></Error>")).code, "NoSuchBucket");
  EXPECT_EQ(failure_of(answer(400, R"({"__type":"com.amazonaws.ecr#ServerException","message":"m"})")).code,
            "ServerException");
  EXPECT_EQ(failure_of(answer(409, "{}", {{"x-amzn-errortype", "ResourceConflictException"}})).code,
            "ResourceConflictException");
  EXPECT_EQ(failure_of(answer(502, "what?")).code, "HTTP 502");
}

TEST(AwsFailure, a_signature_that_is_refused_while_the_clock_is_off_is_the_clocks_fault) {
  const auto response = answer(403, "", {{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  EXPECT_THAT(advice_for(response, {"InvalidSignatureException", ""}, "x", kNow + std::chrono::minutes(10)),
              HasSubstr("600 s ahead of"));
  EXPECT_THAT(advice_for(response, {"InvalidSignatureException", ""}, "x", kNow),
              HasSubstr("secret access key"));
}
