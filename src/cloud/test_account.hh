#pragma once

#include "net/test_http_server.hh"

#include <functional>
#include <string>

#include "cloud/aws_calls.hh"
#include "cloud/stack.hh"

// For tests: calls to a server in this process.
namespace cloud {

class TestAccount {
 public:
  explicit TestAccount(net::TestHttpServer::Answer answer) : server_(std::move(answer)) {}

  [[nodiscard]] net::TestHttpServer& server() { return server_; }

  [[nodiscard]] AwsCalls& calls() { return calls_; }

  // Nobody waits for long.
  static Patience patience() {
    return {std::chrono::milliseconds(1), std::chrono::milliseconds(2), std::chrono::seconds(5)};
  }

 private:
  AwsCalls::Options options() const {
    AwsCalls::Options options;
    options.region = "eu-west-1";
    options.endpoint = server_.url();
    options.patience = std::chrono::milliseconds(500);
    options.first_back_off = std::chrono::milliseconds(1);
    return options;
  }

  net::TestHttpServer server_;
  net::aws::Configuration configuration_{
      {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret"}}, {}, "default", false};
  base::SystemClock clock_;
  net::HttpClient http_{{}};
  net::aws::Credentials credentials_{configuration_, http_, clock_};
  AwsCalls calls_{options(), configuration_, http_, credentials_, clock_};
};

}  // namespace cloud
