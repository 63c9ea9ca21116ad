#pragma once

#include "net/http.hh"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "cloud/image_layout.hh"

namespace cloud {

// A repository of a server that speaks the OCI Distribution Specification 1.0 (Amazon's ECR, docker-registry,
// …). One thread.
class Registry {
 public:
  struct Options {
    std::string origin;      // "https://HOST[:PORT]"
    std::string repository;  // "team/gg-worker"
    std::string basic;       // credentials, as "Authorization: Basic" has them; empty: none
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    std::chrono::milliseconds first_back_off{200};
  };

  struct Pushed {
    uint64_t sent_bytes = 0;
    unsigned blobs_sent = 0;
    unsigned blobs_there = 0;  // from an earlier push, whole or broken off
  };

  // `http` outlives it.
  Registry(Options options, net::HttpClient& http) : options_(std::move(options)), http_(http) {}

  // Is the image with this manifest there?
  [[nodiscard]] bool has(const Manifest& manifest);

  // Sends what is not there of an image in a folder, the manifest last: what a push that broke off has sent
  // stays. Throws base::OperatorError that says what the server said.
  Pushed push(const std::string& folder, const Manifest& manifest, const std::string& tag);

 private:
  [[nodiscard]] net::HttpResponse call(const std::string& method, const std::string& url,
                                       std::string_view body = "", const std::string& type = "");
  [[nodiscard]] bool is_there(const std::string& kind, const std::string& digest);
  void upload(const std::string& bytes, const std::string& digest);
  [[nodiscard]] std::string place_of(const net::HttpResponse& response) const;
  [[noreturn]] void refuse(const std::string& doing, const net::HttpResponse& response) const;

  Options options_;
  net::HttpClient& http_;
  bool has_answered_ = false;
};

}  // namespace cloud
