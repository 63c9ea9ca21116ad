#pragma once

#include "net/test_http_server.hh"
#include "storage/s3/bucket_calls.hh"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>

// For tests: a bucket in this process that misbehaves when it is told to. It believes every signature; that
// they are right is seen with a real server (tests/e2e/test_s3.py).
namespace storage {

class TestBucket {
 public:
  using Request = net::TestHttpServer::Request;

  TestBucket()
      : server_([this](const Request& request) { return answer(request); }),
        http_(net::HttpClient::Options{"", "gg", std::chrono::seconds(5), std::chrono::seconds(2)}),
        credentials_({{{"AWS_ACCESS_KEY_ID", "k"}, {"AWS_SECRET_ACCESS_KEY", "s"}}, {}, "default", false},
                     http_, clock_) {}

  static std::string error(int status, const std::string& code, const std::string& more = "") {
    return net::TestHttpServer::reply(
        status, "<Error><Code>" + code + "</Code><Message>said so</Message>" + more + "</Error>");
  }

  [[nodiscard]] BucketCalls calls(uint64_t part_bytes = 1000) {
    Bucket bucket;
    bucket.name = "team";
    bucket.prefix = "cache/";
    bucket.endpoint = bucket.origin = server_.url();
    bucket.host = bucket.origin.substr(bucket.origin.find("://") + 3);
    bucket.root = "/team/";
    bucket.region = "us-east-1";
    BucketCalls::Options options;
    options.patience = std::chrono::seconds(10);
    options.first_back_off = std::chrono::milliseconds(1);
    options.part_bytes = part_bytes;
    return BucketCalls(bucket, http_, credentials_, clock_, options);
  }

  [[nodiscard]] base::SystemClock& clock() { return clock_; }

  [[nodiscard]] std::map<std::string, std::string> held() {
    const std::scoped_lock lock(mutex_);
    return held_;
  }

  void with(const std::function<void(std::map<std::string, std::string>&)>& change) {
    const std::scoped_lock lock(mutex_);
    change(held_);
  }

  [[nodiscard]] size_t count(const std::string& method) {
    const auto all = server_.requests();
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [&](const Request& request) { return request.method == method; }));
  }

  [[nodiscard]] std::vector<Request> requests() { return server_.requests(); }

  // Asked first: what it says instead ("": the connection is cut); nullopt: nothing is wrong.
  std::function<std::optional<std::string>(const Request& request)> trouble;

  // Of what goes out.
  std::function<std::string(std::string bytes)> damage;

 private:
  static std::string parameter(const std::string& target, const std::string& name) {
    const size_t at = target.find(name + "=", target.find('?'));
    return at == std::string::npos
               ? ""
               : target.substr(at + name.size() + 1, target.find('&', at) - at - name.size() - 1);
  }

  std::string answer(const Request& request) {
    const std::scoped_lock lock(mutex_);
    if (trouble) {
      if (auto said = trouble(request)) {
        return *said;
      }
    }
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/team") {
      return list();
    }
    const std::string key = path.substr(std::string("/team/").size());
    if (request.method == "GET") {
      return get(request, key);
    }
    if (request.method == "DELETE") {
      uploads_.erase(parameter(request.target, "uploadId"));
      return net::TestHttpServer::reply(200, "");
    }
    const bool wants_absent = request.headers.count("if-none-match") != 0;
    if (request.method == "POST" && request.target.find("uploads=") != std::string::npos) {
      const std::string id = std::to_string(++last_upload_);
      uploads_[id];
      return net::TestHttpServer::reply(200, "<InitiateMultipartUploadResult><UploadId>" + id +
                                                 "</UploadId></InitiateMultipartUploadResult>");
    }
    const std::string upload = parameter(request.target, "uploadId");
    if (request.method == "PUT" && !upload.empty()) {
      uploads_[upload][std::stoi(parameter(request.target, "partNumber"))] = request.body;
      return net::TestHttpServer::reply(200, "", "ETag: \"e\"\r\n");
    }
    if (wants_absent && held_.count(key) != 0) {
      return error(412, "PreconditionFailed");
    }
    std::string bytes = request.body;
    if (request.method == "POST") {
      if (uploads_.count(upload) == 0) {
        return error(404, "NoSuchUpload");
      }
      bytes.clear();
      for (const auto& part : uploads_[upload]) {
        bytes += part.second;
      }
      uploads_.erase(upload);
    }
    held_[key] = bytes;
    return net::TestHttpServer::reply(200, "");
  }

  std::string get(const Request& request, const std::string& key) {
    const auto found = held_.find(key);
    if (found == held_.end()) {
      return error(404, "NoSuchKey");
    }
    size_t first = 0;
    size_t last = 0;
    const std::string range = request.headers.at("range");
    if (std::sscanf(range.c_str(), "bytes=%zu-%zu", &first, &last) != 2 || first >= found->second.size()) {
      return error(416, "InvalidRange");
    }
    std::string bytes = found->second.substr(first, last - first + 1);
    if (damage) {
      bytes = damage(std::move(bytes));
    }
    return net::TestHttpServer::reply(206, bytes);
  }

  std::string list() {
    std::string text = "<ListBucketResult><IsTruncated>false</IsTruncated>";
    for (const auto& [key, bytes] : held_) {
      text += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>", key, bytes.size());
    }
    return net::TestHttpServer::reply(200, text + "</ListBucketResult>");
  }

  std::mutex mutex_;
  std::map<std::string, std::string> held_;                    // under mutex_
  std::map<std::string, std::map<int, std::string>> uploads_;  // under mutex_
  int last_upload_ = 0;                                        // under mutex_
  base::SystemClock clock_;
  net::TestHttpServer server_;
  net::HttpClient http_;
  net::aws::Credentials credentials_;
};

}  // namespace storage
