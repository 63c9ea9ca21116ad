#include "net/http_crowd.hh"

#include "net/test_http_server.hh"

#include <gtest/gtest.h>

namespace net {
namespace {

using std::chrono::milliseconds;

HttpRequest post_to(const TestHttpServer& server, const std::string& path) {
  HttpRequest request;
  request.method = "POST";
  request.url = server.url() + path;
  request.once = true;
  return request;
}

std::shared_ptr<const std::string> body(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(HttpCrowd, many_requests_are_answered_each_with_its_own_answer) {
  TestHttpServer server([](const TestHttpServer::Request& request) {
    return TestHttpServer::reply(200, request.target + " " + request.body, "X-Told: yes\r\n");
  });
  loop::Loop loop(1);
  HttpCrowd crowd(loop, {});
  constexpr int kMany = 100;
  int answered = 0;
  loop.post([&] {
    for (int number = 0; number < kMany; ++number) {
      const std::string path = "/" + std::to_string(number);
      crowd.send(post_to(server, path), body("b" + path), [&, path](base::Result<HttpResponse> response) {
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, path + " b" + path);
        EXPECT_EQ(response->header("x-told"), "yes");
        if (++answered == kMany) {
          loop.stop();
        }
      });
    }
    EXPECT_EQ(crowd.under_way(), size_t{kMany}) << "nothing is answered from within send()";
  });
  loop.run();
  EXPECT_EQ(answered, kMany);
}

TEST(HttpCrowd, one_after_the_other_takes_one_connection) {
  TestHttpServer server([](const TestHttpServer::Request&) { return TestHttpServer::reply(200, "ok"); });
  loop::Loop loop(1);
  HttpCrowd crowd(loop, {});
  int left = 5;
  std::function<void()> next = [&] {
    crowd.send(post_to(server, "/"), body("x"), [&](const base::Result<HttpResponse>& response) {
      EXPECT_TRUE(response);
      --left > 0 ? next() : loop.stop();
    });
  };
  loop.post(next);
  loop.run();
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpCrowd, what_is_cancelled_is_not_called_back_and_a_cut_is_an_error) {
  TestHttpServer server([](const TestHttpServer::Request&) { return std::string(); });
  loop::Loop loop(1);
  HttpCrowd crowd(loop, {});
  std::string said;
  loop.post([&] {
    const HttpCrowd::Ticket gone =
        crowd.send(post_to(server, "/gone"), body(""), [&](const auto&) { said += "cancelled one"; });
    crowd.send(post_to(server, "/cut"), body(""), [&](const base::Result<HttpResponse>& response) {
      ASSERT_FALSE(response);
      EXPECT_EQ(response.error().kind, base::FailureKind::RetryHere);
      said += "cut";
      loop.stop();
    });
    crowd.cancel(gone);
    crowd.cancel(gone);
  });
  loop.run();
  EXPECT_EQ(said, "cut");
  EXPECT_EQ(crowd.under_way(), 0U);
}

// Whoever bills each request must not be sent one twice.
TEST(HttpCrowd, what_is_to_happen_once_is_not_repeated_on_a_connection_that_turned_out_dead) {
  std::atomic<int> asked{0};
  TestHttpServer server([&](const TestHttpServer::Request&) {
    return ++asked == 1 ? TestHttpServer::reply(200, "ok") : std::string();
  });
  loop::Loop loop(1);
  HttpCrowd crowd(loop, {});
  bool failed = false;
  loop.post([&] {
    crowd.send(post_to(server, "/"), body("x"), [&](const base::Result<HttpResponse>& first) {
      EXPECT_TRUE(first);
      crowd.send(post_to(server, "/"), body("x"), [&](const base::Result<HttpResponse>& second) {
        failed = !second;
        loop.stop();
      });
    });
  });
  loop.run();
  EXPECT_TRUE(failed);
  EXPECT_EQ(asked, 2);
}

TEST(HttpCrowd, one_that_goes_with_requests_under_way_calls_nobody_back) {
  TestHttpServer server([](const TestHttpServer::Request&) { return TestHttpServer::reply(200, "ok"); });
  loop::Loop loop(1);
  auto crowd = std::make_unique<HttpCrowd>(loop, HttpOptions{});
  bool called = false;
  loop.post([&] {
    crowd->send(post_to(server, "/"), body("x"), [&](const auto&) { called = true; });
    loop.post([&] {
      crowd.reset();
      loop.after(milliseconds(50), [&] { loop.stop(); });
    });
  });
  loop.run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace net
