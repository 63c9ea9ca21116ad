#pragma once

#include "worker/work.hh"

#include <atomic>
#include <memory>
#include <string>

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace worker {

// The worker as an HTTP server (spec/worker.md); cpp-httplib behind it. A thread for each connection.
class HttpService {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;             // 0: any that is free
    std::string certificate;  // file (PEM); empty: no TLS
    std::string key;          // likewise
    std::string
        client_authorities;  // file (PEM): clients have to show a certificate of theirs; empty: they do not
    std::string token;       // that clients have to give; empty: none
  };

  // `work` and `place` outlive it. Throws base::OperatorError: it cannot listen there, the certificate is no
  // good, or strangers could give orders (off loopback without TLS, or without knowing who asks).
  HttpService(Workplace& place, Work& work, Options options);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  // "http://127.0.0.1:4711"
  [[nodiscard]] std::string url() const;

  // Until stop(). What runs then is stopped.
  void serve();

  // Any thread.
  void stop();

 private:
  [[nodiscard]] bool may_ask(const httplib::Request& request) const;
  void invoke(const httplib::Request& request, httplib::Response& response);

  Workplace& place_;
  Work& work_;
  Options options_;
  int port_ = 0;
  std::atomic<bool> closing_{false};
  std::unique_ptr<httplib::Server> server_;
};

}  // namespace worker
