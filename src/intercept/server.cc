#include "intercept/server.hh"

#include "base/errors.hh"
#include "intercept/shim/protocol.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace intercept {

namespace {

// Beyond what the kernel lets argv and environment have together, so only a stranger sends more.
constexpr size_t kLargestBody = 64U << 20U;
constexpr size_t kChunk = 64U << 10U;

void append_frame(std::string& bytes, uint32_t kind, std::string_view payload) {
  const GgFrame frame{kind, static_cast<uint32_t>(payload.size())};
  bytes.append(reinterpret_cast<const char*>(&frame), sizeof frame);
  bytes += payload;
}

std::optional<std::vector<std::string>> split(std::string_view body) {
  std::vector<std::string> strings;
  while (!body.empty()) {
    const size_t end = body.find('\0');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    strings.emplace_back(body.substr(0, end));
    body.remove_prefix(end + 1);
  }
  return strings;
}

std::string absolute(const std::string& path, const std::string& working_directory) {
  return path.empty() || path[0] == '/' ? path : working_directory + "/" + path;
}

std::optional<Request> decode(const GgRequest& header, std::string_view body, pid_t pid) {
  const auto strings = split(body);
  if (!strings || strings->size() != size_t{2} + header.argument_count + header.environment_count) {
    return std::nullopt;
  }
  Request request;
  request.pid = pid;
  request.working_directory = (*strings)[1];
  request.program = absolute((*strings)[0], request.working_directory);
  const auto argv_end = strings->begin() + 2 + header.argument_count;
  request.argv.assign(strings->begin() + 2, argv_end);
  for (auto it = argv_end; it != strings->end(); ++it) {
    const size_t equals = it->find('=');
    if (equals != std::string::npos) {
      request.environment.emplace(it->substr(0, equals), it->substr(equals + 1));  // the first one counts
    }
  }
  request.file_mode_mask = header.file_mode_mask;
  for (size_t i = 0; i < request.streams.size(); ++i) {
    const GgStream& stream = header.streams[i];
    request.streams[i] = {stream.device, stream.inode, stream.mode, stream.special};
  }
  return request;
}

}  // namespace

class Server::Connection {
 public:
  Connection(Server& server, base::UniqueFd socket, pid_t pid)
      : server_(server), socket_(std::move(socket)), pid_(pid) {}

  [[nodiscard]] int fd() const { return socket_.get(); }

  // Reads what is there. A request when it is complete; `failed` when the shim is gone or talks nonsense.
  std::optional<Request> read(bool& failed) {
    std::array<char, kChunk> chunk{};
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0 && errno == EAGAIN) {
        return std::nullopt;
      }
      if (got <= 0 || asked_) {
        failed = true;
        return std::nullopt;
      }
      received_.append(chunk.data(), static_cast<size_t>(got));
      if (auto request = complete(failed)) {
        return request;
      }
      if (failed) {
        return std::nullopt;
      }
    }
  }

  // Under the server's mutex: sends what can be sent. True when all of an answer is out.
  bool send() {
    while (!to_send_.empty()) {
      const ssize_t put =
          ::send(socket_.get(), to_send_.data(), to_send_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) {
        continue;
      }
      if (put < 0) {
        if (errno != EAGAIN) {
          to_send_.clear();  // the shim was killed
        }
        break;
      }
      to_send_.erase(0, static_cast<size_t>(put));
    }
    return answered_ && to_send_.empty();
  }

  // Under the server's mutex.
  void answer(std::string bytes) {
    to_send_ = std::move(bytes);
    answered_ = true;
  }

  [[nodiscard]] Server& server() { return server_; }

 private:
  std::optional<Request> complete(bool& failed) {
    GgRequest header{};
    if (received_.size() < sizeof header) {
      return std::nullopt;
    }
    std::memcpy(&header, received_.data(), sizeof header);
    if (header.magic != GG_REQUEST_MAGIC || header.body_bytes > kLargestBody) {
      failed = true;
      return std::nullopt;
    }
    if (received_.size() < sizeof header + header.body_bytes) {
      return std::nullopt;
    }
    auto request = decode(header, std::string_view(received_).substr(sizeof header), pid_);
    failed = !request;
    asked_ = true;
    received_.clear();
    received_.shrink_to_fit();
    return request;
  }

  Server& server_;
  base::UniqueFd socket_;
  pid_t pid_;
  std::string received_;
  bool asked_ = false;
  std::string to_send_;
  bool answered_ = false;
};

namespace {

// Makes sure that there is an answer.
template <class Connection, class Finish>
class AnswerTo final : public Answer {
 public:
  AnswerTo(std::shared_ptr<Connection> connection, Finish finish)
      : connection_(std::move(connection)), finish_(std::move(finish)) {}

  ~AnswerTo() override {
    if (!given_.exchange(true)) {
      run(GG_RUN_REAL);
    }
  }

  AnswerTo(const AnswerTo&) = delete;
  AnswerTo& operator=(const AnswerTo&) = delete;

  void exit(int code, std::string_view standard_output, std::string_view standard_error) override {
    if (given_.exchange(true)) {
      return;
    }
    std::string bytes;
    if (!standard_output.empty()) {
      append_frame(bytes, GG_STDOUT, standard_output);
    }
    if (!standard_error.empty()) {
      append_frame(bytes, GG_STDERR, standard_error);
    }
    const auto value = static_cast<uint32_t>(code);
    append_frame(bytes, GG_EXIT, {reinterpret_cast<const char*>(&value), sizeof value});
    finish_(connection_, std::move(bytes));
  }

  void run_real_tool() override {
    if (!given_.exchange(true)) {
      run(GG_RUN_REAL);
    }
  }

  void run_here() override {
    if (!given_.exchange(true)) {
      run(GG_RUN_HERE);
    }
  }

 private:
  void run(uint32_t how) {
    std::string bytes;
    append_frame(bytes, how, "");
    finish_(connection_, std::move(bytes));
  }

  std::shared_ptr<Connection> connection_;
  Finish finish_;
  std::atomic<bool> given_{false};
};

}  // namespace

Server::Server(const std::string& path, Handler handler)
    : path_(path),
      handler_(std::move(handler)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      events_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw base::OperatorError("'" + path + "' is too long for a socket's name; set TMPDIR to a shorter path");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (!listener_ || !events_ || !wake_ ||
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0777) != 0 || ::listen(listener_.get(), 4096) != 0) {
    throw base::SyscallError("listen on", path);
  }
  for (const int fd : {listener_.get(), wake_.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      throw base::SyscallError("watch", path);
    }
  }
  thread_ = std::thread([this] { run(); });
}

Server::~Server() {
  close();
  ::unlink(path_.c_str());
}

void Server::close() {
  ending_ = true;
  wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Server::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

void Server::run() {
  std::array<epoll_event, 64> ready{};
  while (!ending_) {
    const int count = ::epoll_wait(events_.get(), ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<size_t>(i)];
      if (event.data.fd == listener_.get()) {
        accept_one();
        continue;
      }
      if (event.data.fd == wake_.get()) {
        continue;
      }
      std::shared_ptr<Connection> connection;
      {
        const std::scoped_lock lock(mutex_);
        const auto it = connections_.find(event.data.fd);
        connection = it == connections_.end() ? nullptr : it->second;
      }
      if (connection) {
        serve(connection, event.events);
      }
    }
  }
}

void Server::accept_one() {
  base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) {
    return;
  }
  ucred peer{};
  socklen_t bytes = sizeof peer;
  // The folder around the socket is ours alone; a root build may have dropped to another user.
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0 ||
      (peer.uid != ::geteuid() && ::geteuid() != 0)) {
    return;
  }
  const int fd = socket.get();
  auto connection = std::make_shared<Connection>(*this, std::move(socket), peer.pid);
  {
    const std::scoped_lock lock(mutex_);
    connections_[fd] = connection;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Server::serve(const std::shared_ptr<Connection>& connection, unsigned events) {
  const auto drop = [&] {
    const std::scoped_lock lock(mutex_);
    connections_.erase(connection->fd());
    ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, connection->fd(), nullptr);
  };
  if ((events & EPOLLOUT) != 0) {
    bool all_out = false;
    {
      const std::scoped_lock lock(mutex_);
      all_out = connection->send();
    }
    if (all_out) {
      drop();
    }
    return;
  }
  bool failed = false;
  auto request = connection->read(failed);
  if (failed) {
    drop();
    return;
  }
  if (!request) {
    return;
  }
  const auto finish = [](const std::shared_ptr<Connection>& to, std::string bytes) {
    Server& server = to->server();
    const std::scoped_lock lock(server.mutex_);
    if (server.connections_.count(to->fd()) == 0) {
      return;  // the shim was killed while it waited
    }
    to->answer(std::move(bytes));
    if (to->send()) {
      server.connections_.erase(to->fd());
      ::epoll_ctl(server.events_.get(), EPOLL_CTL_DEL, to->fd(), nullptr);
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.fd = to->fd();
    ::epoll_ctl(server.events_.get(), EPOLL_CTL_MOD, to->fd(), &event);
  };
  handler_(std::move(*request), std::make_shared<AnswerTo<Connection, decltype(finish)>>(connection, finish));
}

}  // namespace intercept
