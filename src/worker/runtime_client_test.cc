#include "worker/runtime_client.hh"

#include "net/test_http_server.hh"
#include "net/texts.hh"
#include "object/hash.hh"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace worker {
namespace {

using Request = net::TestHttpServer::Request;
using nlohmann::json;

// The Runtime API, with one event to give.
class RuntimeClientTest : public ::testing::Test {
 protected:
  net::TestHttpServer::Request answer_to(const std::string& event) {
    event_ = event;
    auto place = Workplace::open({folder_.path(), uint64_t{1} << 30U, 1}, [](const std::string&) {});
    EXPECT_TRUE(place) << place.error().message;
    Work work(**place, http_, {"function", {}, 0});
    RuntimeClient client(api_.url().substr(7), http_, **place, work, clock_);
    EXPECT_TRUE(client.serve_one());
    return api_.requests().back();
  }

  base::TemporaryDirectory folder_;
  base::SystemClock clock_;
  net::HttpClient http_{net::HttpClient::Options{}};
  std::string event_;
  net::TestHttpServer api_{[this](const Request& request) {
    return request.method == "GET"
               ? net::TestHttpServer::reply(200, event_,
                                            "Lambda-Runtime-Aws-Request-Id: r-1\r\n"
                                            "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n")
               : net::TestHttpServer::reply(202, "");
  }};
};

TEST_F(RuntimeClientTest, asks_for_an_invocation_and_posts_its_answer) {
  wire::Invocation invocation;
  invocation.thunk = object::hash("thunk");
  invocation.output = {"name", "http://127.0.0.1:1/place"};
  const std::string body = wire::as_body(wire::encode(invocation));
  const Request posted = answer_to(json{{"gg", net::to_base64(body)}}.dump());
  EXPECT_EQ(api_.requests().front().target, "/2018-06-01/runtime/invocation/next");
  EXPECT_EQ(posted.target, "/2018-06-01/runtime/invocation/r-1/response");
  EXPECT_TRUE(json::parse(posted.body).contains("gg")) << posted.body;
}

TEST_F(RuntimeClientTest, an_event_of_somebody_else_is_an_error_that_says_so) {
  for (const std::string event :
       {"{}", "null", "not json", R"({"gg": 7})", R"({"gg": "???"})", R"({"gg": ""})"}) {
    const Request posted = answer_to(event);
    EXPECT_EQ(posted.target, "/2018-06-01/runtime/invocation/r-1/error") << event;
    EXPECT_TRUE(json::parse(posted.body).contains("errorMessage")) << posted.body;
  }
}

}  // namespace
}  // namespace worker
