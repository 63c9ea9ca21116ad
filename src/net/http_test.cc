#include "net/http.hh"

#include "net/test_http_server.hh"

#include <gtest/gtest.h>

namespace net {
namespace {

using Request = TestHttpServer::Request;

HttpRequest to(const TestHttpServer& server, std::string method, std::string_view body = {}) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = server.url() + "/a%2Fb/../c?d=e%20f";
  request.headers = {{"X-One", "1"}};
  request.body = body;
  return request;
}

TEST(HttpTest, what_is_asked_arrives_as_it_was_written) {
  TestHttpServer server([](const Request&) { return TestHttpServer::reply(200, "hello", "X-Two: 2\r\n"); });
  HttpClient client({});
  const auto response = client.send(to(server, "PUT", "bytes"));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->header("x-two"), "2");
  const Request request = server.requests().at(0);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/a%2Fb/../c?d=e%20f");
  EXPECT_EQ(request.headers.at("x-one"), "1");
  EXPECT_EQ(request.headers.count("expect"), 0U);
  EXPECT_EQ(request.body, "bytes");
}

TEST(HttpTest, one_connection_serves_one_request_after_the_other) {
  TestHttpServer server([](const Request&) { return TestHttpServer::reply(404, "no"); });
  HttpClient client({});
  for (const char* method : {"GET", "PUT", "DELETE", "POST", "PATCH", "GET"}) {
    EXPECT_EQ(client.send(to(server, method))->status, 404);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpTest, an_answer_that_breaks_off_is_a_hiccup) {
  TestHttpServer server([](const Request&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf");
  });
  const auto response = HttpClient({}).send(to(server, "GET"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, base::FailureKind::RetryHere);
}

TEST(HttpTest, a_server_that_says_nothing_is_left_after_the_stall_and_no_sooner) {
  std::atomic<bool> is_over{false};
  TestHttpServer server([&](const Request&) {
    while (!is_over) {
      std::this_thread::yield();
    }
    return std::string();
  });
  HttpClient::Options options;
  options.stall = std::chrono::seconds(1);
  const auto response = HttpClient(options).send(to(server, "GET"));
  is_over = true;
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, base::FailureKind::RetryHere);
}

TEST(HttpTest, more_than_was_asked_for_is_not_taken) {
  TestHttpServer server([](const Request&) { return TestHttpServer::reply(200, std::string(100, 'x')); });
  HttpRequest request = to(server, "GET");
  request.most_bytes = 99;
  EXPECT_FALSE(HttpClient({}).send(request));
  request.most_bytes = 100;
  EXPECT_TRUE(HttpClient({}).send(request));
}

TEST(HttpTest, who_is_not_wanted_any_more_stops) {
  std::atomic<bool> is_over{false};
  TestHttpServer server([&](const Request&) {
    while (!is_over) {
      std::this_thread::yield();
    }
    return std::string();
  });
  EXPECT_FALSE(HttpClient({}).send(to(server, "GET"), [&] { return server.requests().empty(); }));
  is_over = true;
}

TEST(HttpTest, loopback_is_told_by_the_host) {
  for (const char* url :
       {"http://localhost", "http://127.0.0.1:80/x", "https://[::1]:1/", "http://b.localhost:7"}) {
    EXPECT_TRUE(is_loopback_url(url)) << url;
  }
  for (const char* url : {"http://localhost.example", "https://s3.amazonaws.com/127.0.0.1", "http://[::2]"}) {
    EXPECT_FALSE(is_loopback_url(url)) << url;
  }
}

}  // namespace
}  // namespace net
