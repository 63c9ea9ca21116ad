#include "worker/http_service.hh"

#include "base/errors.hh"
#include "net/texts.hh"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <httplib.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace worker {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kBeat{2};
constexpr seconds kPatience{30};     // with a connection in which nothing moves
constexpr milliseconds kGlance{50};  // at whether anybody still waits
constexpr size_t kLongestBody = size_t{64} << 20U;
constexpr unsigned kMostConnections = 1024;

// Connections are kept between requests, so each has a thread: with a pool, those that idle would keep others
// out.
class ThreadForEach final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> serve) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ < kMostConnections; });
    ++running_;
    std::thread([this, serve = std::move(serve)] {
      serve();
      const std::scoped_lock done(mutex_);
      --running_;
      changed_.notify_all();
    }).detach();
  }

  void shutdown() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned running_ = 0;  // under mutex_
};

// One invocation under way, on a thread of its own, so that whoever serves the connection can say that it
// goes on.
class Job {
 public:
  Job(Work& work, wire::Invocation invocation, std::unique_ptr<Workplace::Lease> lease)
      : thread_([this, &work, invocation = std::move(invocation), lease = std::move(lease)]() mutable {
          wire::Answer answer = work.perform(invocation, std::move(lease), stop_);
          const std::scoped_lock lock(mutex_);
          answer_ = std::move(answer);
          changed_.notify_all();
        }) {}

  ~Job() {
    stop_.raise();
    thread_.join();
  }

  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Null: not yet.
  [[nodiscard]] const wire::Answer* wait(milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return answer_.has_value(); });
    return answer_ ? &*answer_ : nullptr;
  }

 private:
  sandbox::StopSignal stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<wire::Answer> answer_;  // under mutex_ until it is there
  std::thread thread_;                  // last: it uses all above
};

bool send(httplib::DataSink& sink, const std::string& message) {
  const std::string body = wire::as_body(message);
  return sink.write(body.data(), body.size());
}

void refuse(httplib::Response& response, int status, const std::string& why) {
  response.status = status;
  response.set_content("gg-worker: " + why + "\n", "text/plain");
}

}  // namespace

HttpService::HttpService(Workplace& place, Work& work, Options options)
    : place_(place), work_(work), options_(std::move(options)) {
  const bool tls = !options_.certificate.empty();
  if (!net::is_loopback_host(options_.host) &&
      (!tls || (options_.token.empty() && options_.client_authorities.empty()))) {
    throw base::OperatorError("whoever reaches '" + options_.host +
                              "' could run commands here: off this machine gg-worker wants --certificate and "
                              "--key, and --token-file or "
                              "--client-ca");
  }
  if (tls) {
    server_ = std::make_unique<httplib::SSLServer>(
        options_.certificate.c_str(), options_.key.c_str(),
        options_.client_authorities.empty() ? nullptr : options_.client_authorities.c_str());
    if (!server_->is_valid()) {
      throw base::OperatorError("'" + options_.certificate + "' and '" + options_.key +
                                "' are not a certificate and its key (PEM)" +
                                (options_.client_authorities.empty()
                                     ? ""
                                     : ", or '" + options_.client_authorities + "' holds no authorities"));
    }
  } else {
    server_ = std::make_unique<httplib::Server>();
  }
  server_->new_task_queue = [] { return new ThreadForEach; };  // NOLINT: the server deletes it
  server_->set_tcp_nodelay(true);
  // Not SO_REUSEPORT, its default: two workers at one port would share what is asked without a word.
  server_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server_->set_payload_max_length(kLongestBody);
  server_->set_read_timeout(kPatience.count());
  server_->set_write_timeout(kPatience.count());
  server_->set_keep_alive_max_count(1'000'000);
  server_->set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (may_ask(request)) {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    response.set_header("WWW-Authenticate", "Bearer");
    refuse(response, 401, "the token is not the one that this worker wants");
    return httplib::Server::HandlerResponse::Handled;
  });
  server_->Get(wire::kWorkerPath, [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(wire::as_body(wire::encode(work_.describe())), wire::kContentType);
  });
  server_->Post(wire::kInvokePath, [this](const httplib::Request& request, httplib::Response& response) {
    invoke(request, response);
  });
  port_ = options_.port == 0                                    ? server_->bind_to_any_port(options_.host)
          : server_->bind_to_port(options_.host, options_.port) ? options_.port
                                                                : -1;
  if (port_ < 0) {
    throw base::OperatorError(fmt::format("cannot listen on {}:{}: {}", options_.host, options_.port,
                                          std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  }
}

HttpService::~HttpService() = default;

std::string HttpService::url() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", options_.certificate.empty() ? "http" : "https",
                     v6 ? "[" + options_.host + "]" : options_.host, port_);
}

void HttpService::serve() {
  server_->listen_after_bind();
}

void HttpService::stop() {
  closing_ = true;
  server_->stop();
}

// In a time that does not tell how much of it was right.
bool HttpService::may_ask(const httplib::Request& request) const {
  const std::string wanted = "Bearer " + options_.token;
  const std::string given = request.get_header_value("Authorization");
  return options_.token.empty() ||
         (given.size() == wanted.size() && ::CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0);
}

void HttpService::invoke(const httplib::Request& request, httplib::Response& response) {
  const auto bytes = wire::from_body(request.body);
  auto invocation = bytes ? wire::decode_invocation(*bytes) : tl::unexpected(bytes.error());
  if (!invocation) {
    return refuse(response, 400, invocation.error().message);
  }
  auto lease = place_.take();
  if (!lease) {
    return refuse(response, 500, lease.error().message);
  }
  if (!*lease) {
    response.set_header("Retry-After", "1");
    return refuse(response, 503, "as many jobs run as this worker takes");
  }
  auto job = std::make_shared<Job>(work_, std::move(*invocation), std::move(*lease));
  response.set_chunked_content_provider(
      wire::kContentType, [this, job](size_t /*offset*/, httplib::DataSink& sink) {
        auto next_beat = steady_clock::now() + kBeat;
        while (true) {
          if (const wire::Answer* answer = job->wait(kGlance)) {
            const bool sent = send(sink, wire::encode(*answer));
            sink.done();
            return sent;
          }
          const bool is_due = steady_clock::now() >= next_beat;
          if (closing_ || !sink.is_writable() || (is_due && !send(sink, wire::encode_beat()))) {
            return false;  // nobody waits any more: the job goes, and what runs is stopped
          }
          next_beat = is_due ? steady_clock::now() + kBeat : next_beat;
        }
      });
}

}  // namespace worker
