#include "net/http_crowd.hh"

#include "net/http_transfer.hh"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace net {

namespace {

// For a new request libcurl looks through all connections to the same host, those in use as well. So there
// are several groups of connections that do not know of one another.
constexpr size_t kShards = 32;

constexpr long kReceiveBuffer = 4 << 10;
constexpr long kSendBuffer = 16 << 10;
constexpr long kIdleSeconds = 20;   // a connection kept for longer may have been closed over there
constexpr long kProbeSeconds = 30;  // of silence, before TCP asks whether there is anybody; likewise between
constexpr long kMostConnections = 4096;  // of a shard

struct Free {
  void operator()(CURL* easy) const { libcurl().cleanup(easy); }
};

using Easy = std::unique_ptr<CURL, Free>;

}  // namespace

// One multi handle with its requests. Stays where it is.
class HttpCrowd::Shard {
 public:
  Shard(loop::Loop& loop, const HttpOptions& options)
      : loop_(loop), options_(options), multi_(libcurl().multi_init()) {
    libcurl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Shard::watch);
    libcurl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    libcurl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Shard::set_timer);
    libcurl().multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    libcurl().multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMostConnections);
  }

  ~Shard() {
    stop_timer();
    for (const auto& [ticket, flight] : flights_) {
      libcurl().multi_remove(multi_, flight->easy.get());
    }
    flights_.clear();
    libcurl().multi_cleanup(multi_);
    idle_.clear();
  }

  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] size_t size() const { return flights_.size(); }

  void send(Ticket ticket, HttpRequest request, std::shared_ptr<const std::string> body, Done done) {
    auto flight = std::make_unique<Flight>(take_easy(), std::move(request), std::move(body), std::move(done));
    flight->ticket = ticket;
    flight->request.body = *flight->body;
    HttpTransfer& transfer =
        flight->transfer.emplace(flight->easy.get(), flight->request, options_, base::StillWanted());
    transfer.set(CURLOPT_PRIVATE, flight.get());
    transfer.set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
    transfer.set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
    transfer.set(CURLOPT_MAXAGE_CONN, kIdleSeconds);
    transfer.set(CURLOPT_TCP_KEEPALIVE, 1L);
    transfer.set(CURLOPT_TCP_KEEPIDLE, kProbeSeconds);
    transfer.set(CURLOPT_TCP_KEEPINTVL, kProbeSeconds);
    // libcurl reads the authorities once for all connections, if they are in one file and not in a folder.
    transfer.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    CURL* easy = flight->easy.get();
    flights_.emplace(ticket, std::move(flight));
    libcurl().multi_add(multi_, easy);  // which sets the timer, and so begins from the loop
  }

  bool cancel(Ticket ticket) {
    const auto found = flights_.find(ticket);
    if (found == flights_.end()) {
      return false;
    }
    land(found->second->easy.get());
    return true;
  }

 private:
  struct Flight {
    Flight(Easy handle, HttpRequest what, std::shared_ptr<const std::string> bytes, Done then)
        : easy(std::move(handle)), request(std::move(what)), body(std::move(bytes)), done(std::move(then)) {}

    Easy easy;
    HttpRequest request;
    std::shared_ptr<const std::string> body;
    Done done;
    std::optional<HttpTransfer> transfer;
    Ticket ticket = 0;
  };

  Easy take_easy() {
    if (idle_.empty()) {
      return Easy(libcurl().init());
    }
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  // Takes it out of the table; its handle may be used again.
  std::unique_ptr<Flight> land(CURL* easy) {
    char* context = nullptr;
    libcurl().getinfo(easy, CURLINFO_PRIVATE, &context);
    const auto found = flights_.find(reinterpret_cast<Flight*>(context)->ticket);
    std::unique_ptr<Flight> flight = std::move(found->second);
    flights_.erase(found);
    libcurl().multi_remove(multi_, easy);
    return flight;
  }

  static int watch(CURL* /*easy*/, curl_socket_t socket, int what, void* context, void* /*of_socket*/) {
    using Wants = loop::Loop::Wants;
    auto& self = *static_cast<Shard*>(context);
    const Wants wants = what == CURL_POLL_IN      ? Wants::ToRead
                        : what == CURL_POLL_OUT   ? Wants::ToWrite
                        : what == CURL_POLL_INOUT ? Wants::Both
                                                  : Wants::Nothing;
    self.loop_.watch(socket, wants, [&self, socket](loop::Loop::Ready ready) {
      self.act(socket, (ready.to_read ? CURL_CSELECT_IN : 0) | (ready.to_write ? CURL_CSELECT_OUT : 0));
    });
    return 0;
  }

  static int set_timer(CURLM* /*multi*/, long milliseconds, void* context) {
    auto& self = *static_cast<Shard*>(context);
    self.stop_timer();
    if (milliseconds >= 0) {
      self.timer_ = self.loop_.after(std::chrono::milliseconds(milliseconds), [&self] {
        self.timer_.reset();
        self.act(CURL_SOCKET_TIMEOUT, 0);
      });
    }
    return 0;
  }

  void stop_timer() {
    if (timer_) {
      loop_.cancel(*timer_);
      timer_.reset();
    }
  }

  void act(curl_socket_t socket, int events) {
    int running = 0;
    libcurl().multi_socket_action(multi_, socket, events, &running);
    int left = 0;
    while (const CURLMsg* message = libcurl().multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const CURLcode code = message->data.result;
      const std::unique_ptr<Flight> flight = land(message->easy_handle);
      auto outcome = flight->transfer->outcome(code);
      flight->transfer.reset();
      idle_.push_back(std::move(flight->easy));
      flight->done(std::move(outcome));
    }
  }

  loop::Loop& loop_;
  const HttpOptions& options_;
  CURLM* multi_;
  std::unordered_map<Ticket, std::unique_ptr<Flight>> flights_;
  std::vector<Easy> idle_;
  std::optional<loop::Loop::TimerId> timer_;
};

struct HttpCrowd::State {
  HttpOptions options;
  std::vector<std::unique_ptr<Shard>> shards;
  Ticket next = 1;
};

HttpCrowd::HttpCrowd(loop::Loop& loop, HttpOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  for (size_t count = 0; count < kShards; ++count) {
    state_->shards.push_back(std::make_unique<Shard>(loop, state_->options));
  }
}

HttpCrowd::~HttpCrowd() = default;

HttpCrowd::Ticket HttpCrowd::send(HttpRequest request, std::shared_ptr<const std::string> body, Done done) {
  const Ticket ticket = state_->next++;
  // The first with the fewest, so that few requests after one another use one connection.
  size_t least = 0;
  for (size_t one = 1; one < kShards; ++one) {
    least = state_->shards[one]->size() < state_->shards[least]->size() ? one : least;
  }
  state_->shards[least]->send(ticket, std::move(request), std::move(body), std::move(done));
  return ticket;
}

void HttpCrowd::cancel(Ticket ticket) {
  std::any_of(state_->shards.begin(), state_->shards.end(),
              [ticket](const auto& shard) { return shard->cancel(ticket); });
}

size_t HttpCrowd::under_way() const {
  size_t all = 0;
  for (const auto& shard : state_->shards) {
    all += shard->size();
  }
  return all;
}

}  // namespace net
