#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // as it is sent: nothing in it is encoded or tidied up
  HttpHeaders headers;
  std::string_view body;                     // of whoever calls
  uint64_t most_bytes = uint64_t{1} << 40U;  // of the answer's body: what sends more is cut off
  // For the whole of it; zero: as long as something moves.
  std::chrono::milliseconds limit{0};
  // Doing it twice is not the same as once: what has gone out does not go out again by itself where a
  // connection that was kept turns out to be dead.
  bool once = false;
  bool past_proxies = false;  // for what is on this machine or its link; loopback always is
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }

  // "": there is no such header.
  [[nodiscard]] std::string header(const std::string& name) const;
};

// Is it on this very machine?
[[nodiscard]] bool is_loopback_url(std::string_view url);

// How to reach servers.
struct HttpOptions {
  std::string authorities;  // a file (PEM); empty: whom the system trusts
  std::string agent = "gg";
  std::chrono::milliseconds connect{10'000};
  // A transfer in which nothing moved for so long is broken. In whole seconds; zero: never.
  std::chrono::seconds stall{20};
  // Files (PEM): who we are, where a server wants to know; empty: nobody in particular.
  std::string certificate{};
  std::string key{};
};

// HTTP/1.1 over libcurl. Connections are kept, and used again by whoever asks next. Certificates are checked.
// Redirections are answers. Blocks; any thread.
class HttpClient {
 public:
  using Options = HttpOptions;

  // Throws base::OperatorError where libcurl is not installed.
  explicit HttpClient(Options options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // What the server said, whatever its status. The error says what became of the transfer: RetryHere where
  // the next one may do better (a reset, a stall, a name that does not resolve now), else Deterministic.
  [[nodiscard]] base::Result<HttpResponse> send(const HttpRequest& request,
                                                const base::StillWanted& wanted = {});

 private:
  class Handle;

  [[nodiscard]] std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);

  Options options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;  // under mutex_
};

}  // namespace net
