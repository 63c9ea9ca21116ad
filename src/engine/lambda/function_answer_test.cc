#include "engine/lambda/function_answer.hh"

#include "net/texts.hh"

#include <gtest/gtest.h>

namespace engine {
namespace {

net::HttpResponse refused(int status, const std::string& type, const std::string& body) {
  return {status, {{"x-amzn-errortype", type}}, body};
}

net::HttpResponse failed_function(const std::string& body, const std::string& report = "") {
  return {200, {{"x-amz-function-error", "Unhandled"}, {"x-amz-log-result", net::to_base64(report)}}, body};
}

TEST(FunctionAnswer, is_told_by_type_and_status) {
  const auto said = [](int status, const std::string& type, const std::string& body = "{}") {
    return answer_of(refused(status, type, body)).said;
  };
  EXPECT_EQ(answer_of({200, {}, "{}"}).said, FunctionSaid::Answer);
  EXPECT_EQ(said(429, "TooManyRequestsException"), FunctionSaid::Throttled);
  EXPECT_EQ(said(404, "ResourceNotFoundException:http://internal.amazon.com/"), FunctionSaid::Gone);
  EXPECT_EQ(said(409, "ResourceConflictException"), FunctionSaid::NotReady);
  EXPECT_EQ(said(413, "RequestTooLargeException"), FunctionSaid::TooLarge);
  EXPECT_EQ(said(403, "ExpiredTokenException"), FunctionSaid::Expired);
  EXPECT_EQ(said(403, "AccessDeniedException"), FunctionSaid::Refused);
  EXPECT_EQ(said(404, ""), FunctionSaid::Refused) << "no Lambda answers there";
  EXPECT_EQ(said(500, "ServiceException"), FunctionSaid::Trouble);
  EXPECT_EQ(said(502, "EC2UnexpectedException"), FunctionSaid::Trouble);
  EXPECT_EQ(said(503, "", "<html>"), FunctionSaid::Trouble);
}

TEST(FunctionAnswer, quotes_what_lambda_says) {
  EXPECT_EQ(
      answer_of(
          refused(
              429, "TooManyRequestsException",
              R"({"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."})"))
          .what,
      "TooManyRequestsException (ConcurrentInvocationLimitExceeded: Rate Exceeded.)");
}

TEST(FunctionAnswer, of_a_function_that_failed_says_why) {
  const std::string all_used =
      "REPORT RequestId: a\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB";
  const std::string some_used =
      "REPORT RequestId: a\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 90 MB";
  const std::string killed =
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: a Error: Runtime exited with error: signal: killed"})";
  EXPECT_EQ(answer_of(failed_function(killed, all_used)).said, FunctionSaid::OutOfMemory);
  EXPECT_EQ(answer_of(failed_function(killed, some_used)).said, FunctionSaid::Crashed);
  EXPECT_EQ(answer_of(failed_function(
                          R"({"errorMessage":"2026-01-01T00:00:00Z a Task timed out after 3.00 seconds"})"))
                .said,
            FunctionSaid::TimedOut);
  EXPECT_EQ(
      answer_of(failed_function(R"({"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response"})"))
          .said,
      FunctionSaid::TooLarge);
  EXPECT_EQ(answer_of(failed_function("no json")).said, FunctionSaid::Crashed);
}

TEST(FunctionAnswer, each_refusal_has_its_advice) {
  const auto advice = [](const std::string& type, const std::string& message) {
    const FunctionAnswer answer = answer_of(refused(403, type, R"({"message":")" + message + R"("})"));
    return advice_on(answer.said, answer.what);
  };
  EXPECT_NE(advice("ExpiredTokenException", "").find("log in again"), std::string::npos);
  EXPECT_NE(advice("InvalidSignatureException", "Signature expired: 2026").find("clock"), std::string::npos);
  EXPECT_NE(advice("UnrecognizedClientException", "").find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_NE(advice("InvalidSignatureException", "does not match").find("AWS_SECRET_ACCESS_KEY"),
            std::string::npos);
  EXPECT_NE(advice("AccessDeniedException", "").find("lambda:InvokeFunction"), std::string::npos);
}

}  // namespace
}  // namespace engine
