#include "engine/lambda/invoker.hh"

#include "net/test_http_server.hh"
#include "net/texts.hh"

#include <gtest/gtest.h>

#include <atomic>

namespace engine {
namespace {

using net::TestHttpServer;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kThrottled =
    R"({"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."})";

std::string report(int billed_ms, int memory_mb) {
  return "X-Amz-Log-Result: " +
         net::to_base64("REPORT RequestId: a\tBilled Duration: " + std::to_string(billed_ms) +
                        " ms\tMemory Size: " + std::to_string(memory_mb) + " MB\tMax Memory Used: 9 MB") +
         "\r\n";
}

std::string refusal(int status, const std::string& type, const std::string& body = "{}") {
  return TestHttpServer::reply(status, body, "x-amzn-ErrorType: " + type + "\r\n");
}

// One call to two functions of a service that says what it is told to say.
class InvokerTest : public ::testing::Test {
 protected:
  // By the number of the request, from one.
  std::function<std::string(int number, const TestHttpServer::Request& request)> say_;

  Invoker::Outcome outcome() {
    std::optional<Invoker::Outcome> found;
    loop_.post([&] {
      invoker_.invoke(call(), [&](Invoker::Outcome outcome) {
        found = std::move(outcome);
        loop_.stop();
      });
      EXPECT_FALSE(found) << "not from within invoke()";
    });
    loop_.run();
    return *found;
  }

  Invoker::Call call() {
    return {std::make_shared<const std::string>("{}"), "hash", {"key", "secret", session_, {}}, 0};
  }

  std::atomic<int> asked_{0};
  std::string session_;
  std::string fresh_session_ = "fresh";
  TestHttpServer server_{[this](const TestHttpServer::Request& request) { return say_(++asked_, request); }};
  base::SystemClock clock_;
  loop::Loop loop_{1};
  net::HttpCrowd http_{loop_, {}};
  Invoker invoker_{loop_,
                   http_,
                   clock_,
                   {"eu-test-1", server_.url(), server_.url().substr(7)},
                   {{"gg-0", 1024, seconds(10)}, {"gg-1", 1024, seconds(10)}},
                   [this](const net::aws::Secrets&) {
                     return base::Result<net::aws::Secrets>({"key", "secret", fresh_session_, {}});
                   }};
};

TEST_F(InvokerTest, an_answer_comes_with_what_was_billed_for_it) {
  say_ = [](int, const TestHttpServer::Request& request) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/2015-03-31/functions/gg-0/invocations");
    EXPECT_EQ(request.headers.at("x-amz-invocation-type"), "RequestResponse");
    EXPECT_EQ(request.headers.at("x-amz-log-type"), "Tail");
    EXPECT_NE(request.headers.at("authorization").find("/eu-test-1/lambda/aws4_request"), std::string::npos);
    return TestHttpServer::reply(200, R"({"gg":""})", report(6000, 1024));
  };
  const Invoker::Outcome answer = outcome();
  EXPECT_EQ(answer.said, FunctionSaid::Answer);
  EXPECT_EQ(answer.payload, R"({"gg":""})");
  EXPECT_EQ(answer.cost, 101U) << "6 s of 1 GB at $0.0000166667, and a request";
}

TEST_F(InvokerTest, throttling_is_waited_out_and_costs_nothing) {
  say_ = [](int number, const TestHttpServer::Request&) {
    return number <= 3 ? refusal(429, "TooManyRequestsException", kThrottled)
                       : TestHttpServer::reply(200, "{}", report(0, 1024));
  };
  const Invoker::Outcome answer = outcome();
  EXPECT_EQ(answer.said, FunctionSaid::Answer);
  EXPECT_EQ(asked_, 4);
  EXPECT_EQ(answer.cost, 1U) << "one request";
}

TEST_F(InvokerTest, a_function_that_is_gone_is_left_for_another_and_where_none_is_left_that_is_said) {
  say_ = [](int, const TestHttpServer::Request& request) {
    return request.target.find("gg-0") != std::string::npos
               ? refusal(404, "ResourceNotFoundException")
               : TestHttpServer::reply(200, "{}", report(1, 1024));
  };
  EXPECT_EQ(outcome().said, FunctionSaid::Answer);
  say_ = [](int, const TestHttpServer::Request&) { return refusal(404, "ResourceNotFoundException"); };
  const Invoker::Outcome last = outcome();
  EXPECT_EQ(last.said, FunctionSaid::Gone);
  EXPECT_NE(last.error.message.find("gg cloud up"), std::string::npos) << last.error.message;
  const Invoker::Outcome next = outcome();
  EXPECT_EQ(next.said, FunctionSaid::Gone);
  EXPECT_EQ(next.error.kind, base::FailureKind::RetryElsewhere);
  EXPECT_EQ(asked_, 3) << "it is not asked again";
}

TEST_F(InvokerTest, credentials_that_have_expired_are_fetched_anew_once) {
  say_ = [](int, const TestHttpServer::Request& request) {
    return request.headers.count("x-amz-security-token") != 0
               ? TestHttpServer::reply(200, "{}", report(1, 1024))
               : refusal(403, "ExpiredTokenException");
  };
  EXPECT_EQ(outcome().said, FunctionSaid::Answer);
  fresh_session_ = "";
  const Invoker::Outcome refused = outcome();
  EXPECT_EQ(refused.said, FunctionSaid::Expired);
  EXPECT_NE(refused.error.message.find("log in again"), std::string::npos) << refused.error.message;
  EXPECT_EQ(refused.cost, 0U);
}

TEST_F(InvokerTest, what_failed_is_not_tried_again_here_and_billed_for_the_most_that_it_can_have_cost) {
  say_ = [](int, const TestHttpServer::Request&) { return std::string(); };  // cut
  const Invoker::Outcome cut = outcome();
  EXPECT_EQ(cut.said, FunctionSaid::Trouble);
  EXPECT_EQ(cut.error.kind, base::FailureKind::RetryHere);
  EXPECT_EQ(cut.cost, 167U) << "ten seconds of 1 GB: it may run on";
  say_ = [](int, const TestHttpServer::Request&) { return refusal(500, "ServiceException"); };
  EXPECT_LE(outcome().cost, 1U);
  say_ = [](int, const TestHttpServer::Request&) {
    return TestHttpServer::reply(200, R"({"errorType":"Runtime.ExitError","errorMessage":"exit status 1"})",
                                 "X-Amz-Function-Error: Unhandled\r\n" + report(600, 1024));
  };
  const Invoker::Outcome crashed = outcome();
  EXPECT_EQ(crashed.said, FunctionSaid::Crashed);
  EXPECT_GE(crashed.cost, 10U);
  EXPECT_LE(crashed.cost, 11U);
  EXPECT_EQ(asked_, 3);
}

TEST_F(InvokerTest, what_is_cancelled_under_way_may_still_be_billed_and_that_can_be_asked) {
  std::atomic<bool> is_asked{false};
  say_ = [&](int, const TestHttpServer::Request&) {
    is_asked = true;
    return std::string();
  };
  loop_.post([&] {
    const Invoker::Ticket ticket =
        invoker_.invoke(call(), [](const Invoker::Outcome&) { ADD_FAILURE() << "it was cancelled"; });
    invoker_.cancel(ticket);
    invoker_.cancel(ticket);
    const Invoker::LeftBehind left = invoker_.left_behind();
    EXPECT_EQ(left.count, 1U);
    EXPECT_EQ(left.longest, seconds(10));
    EXPECT_NEAR(left.micro_dollars, 167, 1);
    loop_.stop();
  });
  loop_.run();
}

}  // namespace
}  // namespace engine
