#pragma once

#include "base/clock.hh"
#include "base/errors.hh"
#include "base/guarded.hh"
#include "net/aws/configuration.hh"
#include "net/aws/credentials.hh"
#include "net/aws/sigv4.hh"
#include "net/http.hh"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cloud {

// A service said no, or nothing. what() says what was tried, what was said, and what to do.
class CallError : public base::OperatorError {
 public:
  CallError(std::string code, std::string message, const std::string& text)
      : OperatorError(text), code_(std::move(code)), message_(std::move(message)) {}

  // "ResourceNotFoundException", "HTTP 502"; empty: no answer came.
  [[nodiscard]] const std::string& code() const { return code_; }

  // In the service's own words.
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  std::string code_;
  std::string message_;
};

// Signed requests to AWS's services in one region, in their three dialects. Throttled, failed and broken ones
// are tried again: none asks for what may not happen twice. Throws CallError. Any thread.
class AwsCalls {
 public:
  struct Options {
    std::string region;
    std::optional<std::string>
        endpoint;  // "http[s]://HOST[:PORT]" of all services; else as configured, else Amazon's
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    std::chrono::milliseconds first_back_off{200};
  };

  // The last three outlive it.
  AwsCalls(Options options, net::aws::Configuration configuration, net::HttpClient& http,
           net::aws::Credentials& credentials, const base::Clock& clock)
      : options_(std::move(options)),
        configuration_(std::move(configuration)),
        http_(http),
        credentials_(credentials),
        clock_(clock) {}

  [[nodiscard]] const std::string& region() const { return options_.region; }

  // CloudFormation, STS: parameters in, XML out.
  [[nodiscard]] std::string query(const std::string& service, const std::string& action,
                                  const std::string& version, net::aws::Query parameters);

  // ECR: JSON in and out. `target`: "AmazonEC2ContainerRegistry_V20150921.DescribeImages".
  [[nodiscard]] std::string json(const std::string& service, const std::string& target,
                                 std::string_view body);

  // Lambda, S3: a path, encoded.
  [[nodiscard]] net::HttpResponse rest(const std::string& service, const std::string& method,
                                       const std::string& path, const net::aws::Query& query = {},
                                       std::string_view body = "", const net::HttpHeaders& headers = {});

  // By how much this machine's clock was ahead of the server's at the latest answer; nullopt: none has said
  // its time.
  [[nodiscard]] std::optional<double> seconds_ahead() const {
    return seconds_ahead_.with([](const auto& seconds) { return seconds; });
  }

  // Where a service is.
  [[nodiscard]] std::string endpoint(const std::string& service) const;

 private:
  struct Request {
    std::string service;  // as signatures call it
    std::string doing;    // for messages: "cloudformation:CreateStack"
    std::string method;
    std::string path;
    net::aws::Query query;
    net::HttpHeaders headers;
    std::string_view body;
  };

  [[nodiscard]] net::HttpResponse call(const Request& request);
  [[nodiscard]] base::Result<net::HttpResponse> once(const Request& request,
                                                     const net::aws::Secrets& secrets);

  Options options_;
  net::aws::Configuration configuration_;
  net::HttpClient& http_;
  net::aws::Credentials& credentials_;
  const base::Clock& clock_;
  base::Guarded<std::optional<double>> seconds_ahead_;
  std::atomic<bool> has_answered_{false};
};

}  // namespace cloud
