#pragma once

#include "loop/loop.hh"
#include "net/http.hh"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace net {

// Thousands of requests at once from the loop's one thread: libcurl's multi interface, told by the loop which
// sockets are ready. A request that waits costs a connection and some 20 KiB. All on the loop thread.
class HttpCrowd {
 public:
  using Ticket = uint64_t;  // zero is none

  // What HttpClient::send() returns, later: never from within send().
  using Done = std::function<void(base::Result<HttpResponse>)>;

  // A connection over which nothing comes is asked by TCP whether there is anybody; `stall` counts as well.
  // The loop outlives it. Throws base::OperatorError where libcurl is not installed.
  HttpCrowd(loop::Loop& loop, HttpOptions options);

  // Cuts off what is under way; nothing is called back any more.
  ~HttpCrowd();
  HttpCrowd(const HttpCrowd&) = delete;
  HttpCrowd& operator=(const HttpCrowd&) = delete;

  // `body` is shared with whoever may send it once more; request.body is not looked at.
  Ticket send(HttpRequest request, std::shared_ptr<const std::string> body, Done done);

  // Cuts the connection; `done` is not called. One that is over already is fine.
  void cancel(Ticket ticket);

  [[nodiscard]] size_t under_way() const;

 private:
  class Shard;
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace net
