#pragma once

#include "base/files.hh"
#include "net/http.hh"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// For tests: an HTTP/1.1 server in this process that says what it is told to say.
namespace net {

class TestHttpServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
  };

  // What goes out, byte for byte; "": the connection is cut.
  using Answer = std::function<std::string(const Request& request)>;

  static std::string reply(int status, const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(status) + " said\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + headers + "\r\n" + body;
  }

  explicit TestHttpServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }

  ~TestHttpServer() {
    closing_ = true;
    acceptor_.join();
    for (std::thread& thread : clients_) {
      thread.join();
    }
  }

  TestHttpServer(const TestHttpServer&) = delete;
  TestHttpServer& operator=(const TestHttpServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  [[nodiscard]] std::vector<Request> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

  [[nodiscard]] int connections() const { return connections_; }

 private:
  static constexpr int kGlanceMs = 5;

  // False: it is closing.
  bool readable(int fd) const {
    pollfd entry{fd, POLLIN, 0};
    while (!closing_) {
      if (::poll(&entry, 1, kGlanceMs) > 0) {
        return true;
      }
    }
    return false;
  }

  void accept() {
    while (readable(listener_.get())) {
      base::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      clients_.emplace_back([this, client = std::move(client)] { serve(client.get()); });
    }
  }

  void serve(int client) {
    std::string bytes;
    while (true) {
      const size_t end = bytes.find("\r\n\r\n");
      if (end != std::string::npos) {
        Request request = parse(bytes.substr(0, end));
        const auto found = request.headers.find("content-length");
        const size_t length = found == request.headers.end() ? 0 : std::stoul(found->second);
        if (bytes.size() >= end + 4 + length) {
          request.body = bytes.substr(end + 4, length);
          bytes.erase(0, end + 4 + length);
          {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(request);
          }
          const std::string answer = answer_(request);
          if (answer.empty() || ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0 ||
              answer.find("Connection: close") != std::string::npos) {
            return;
          }
          continue;
        }
      }
      std::array<char, 65536> room{};
      const ssize_t count = readable(client) ? ::recv(client, room.data(), room.size(), 0) : 0;
      if (count <= 0) {
        return;
      }
      bytes.append(room.data(), static_cast<size_t>(count));
    }
  }

  static Request parse(const std::string& head) {
    Request request;
    const size_t line = head.find("\r\n");
    const size_t space = head.find(' ');
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    for (size_t at = line; at != std::string::npos; at = head.find("\r\n", at + 2)) {
      const std::string header = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
      const size_t colon = header.find(':');
      std::string name = header.substr(0, colon);
      for (char& byte : name) {
        byte = static_cast<char>(::tolower(byte));
      }
      request.headers[name] = header.substr(std::min(header.size(), colon + 2));
    }
    return request;
  }

  Answer answer_;
  base::UniqueFd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> closing_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<Request> requests_;  // under mutex_
  std::vector<std::thread> clients_;
  std::thread acceptor_;
};

}  // namespace net
