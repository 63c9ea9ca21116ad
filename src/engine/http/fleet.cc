#include "engine/http/fleet.hh"

#include "base/quote.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace engine {

namespace {

using base::FailureKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kGreeting{10};
constexpr milliseconds kGlance{50};
constexpr milliseconds kBusy{200};        // a worker that said it is full is left alone for so long
constexpr milliseconds kFirstPause{500};  // one that failed; doubles
constexpr milliseconds kLastPause{30'000};
constexpr unsigned kFailuresOfTheGone = 3;  // one after the other
constexpr uint64_t kLongestGreeting = 1U << 20U;

std::string first_line(std::string_view text) {
  return base::printable(text.substr(0, std::min<size_t>(text.find('\n'), 200)));
}

}  // namespace

Fleet::Fleet(net::HttpClient& http, net::GrpcCredentials* credentials, const base::Clock& clock,
             Options options)
    : http_(http), credentials_(credentials), clock_(clock), options_(std::move(options)) {
  for (const std::string& url : options_.urls) {
    Worker worker;
    worker.url = url;
    worker.jobs = std::max(options_.jobs, 1U);
    workers_.push_back(std::move(worker));
  }
}

base::Result<net::HttpResponse> Fleet::ask(const std::string& url, net::HttpRequest request,
                                           const base::StillWanted& wanted) {
  if (credentials_ != nullptr) {
    auto headers = credentials_->headers();
    if (!headers) {
      return tl::unexpected(std::move(headers.error()));
    }
    request.headers.insert(request.headers.end(), headers->begin(), headers->end());
  }
  auto response = http_.send(request, wanted);
  if (!response) {
    return base::failure("worker " + url + ": " + base::printable(response.error().message),
                         response.error().kind);
  }
  if (response->status == 401 || response->status == 403) {
    if (credentials_ != nullptr) {
      static_cast<void>(credentials_->renew());
    }
    return base::failure(
        fmt::format("worker {} does not let us in (HTTP {}): {}", url, response->status,
                    credentials_ == nullptr
                        ? "it wants a token (--token-file FILE), or a certificate (--client-certificate)"
                        : "it does not know the token"),
        FailureKind::RetryElsewhere);
  }
  return response;
}

base::Result<wire::Worker> Fleet::describe(const std::string& url) {
  net::HttpRequest request;
  request.url = url + wire::kWorkerPath;
  request.limit = kGreeting;
  request.most_bytes = kLongestGreeting;
  const auto response = ask(url, request, {});
  if (!response) {
    return tl::unexpected(response.error());
  }
  const auto refuse = [&](const std::string& why) {
    return base::failure(fmt::format("'{}' answers, but is no gg worker: {}", url, why),
                         FailureKind::Deterministic);
  };
  if (!response->ok()) {
    return refuse(fmt::format("HTTP {}, {}", response->status, first_line(response->body)));
  }
  const auto bytes = wire::from_body(response->body);
  if (!bytes) {
    return refuse(first_line(bytes.error().message));
  }
  const auto worker = wire::decode_worker(*bytes);
  return worker ? worker : refuse(worker.error().message);
}

base::Result<void> Fleet::greet(const std::string& machine) {
  std::optional<base::Error> absent;
  size_t found = 0;
  for (size_t number = 0; number < options_.urls.size(); ++number) {
    const auto told = describe(options_.urls[number]);
    if (!told && told.error().kind == FailureKind::RetryHere) {
      absent = told.error();
      done({number, ""}, Went::Badly);
      continue;
    }
    if (!told) {
      return tl::unexpected(told.error());
    }
    if (told->machine != machine) {
      return base::failure(fmt::format("worker {} runs on {}, and what is built here is for {}",
                                       options_.urls[number], base::printable(told->machine), machine),
                           FailureKind::Deterministic);
    }
    ++found;
    const std::scoped_lock lock(mutex_);
    workers_[number].jobs = options_.jobs != 0 ? options_.jobs : told->jobs;
  }
  if (found == 0 && absent) {
    absent->message += "; is gg-worker running there, and is it the right port?";
    return tl::unexpected(*std::move(absent));
  }
  return {};
}

unsigned Fleet::jobs() const {
  const std::scoped_lock lock(mutex_);
  unsigned all = 0;
  for (const Worker& worker : workers_) {
    all += worker.jobs;
  }
  return all;
}

// The one with the most room for its size.
Fleet::Worker* Fleet::best() {
  const base::Nanoseconds now = clock_.steady();
  Worker* best = nullptr;
  for (Worker& worker : workers_) {
    const bool is_open = worker.running < worker.jobs && worker.not_before <= now;
    if (is_open && (best == nullptr || worker.running * best->jobs < best->running * worker.jobs)) {
      best = &worker;
    }
  }
  return best;
}

bool Fleet::are_all_gone() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) {
    return worker.failures >= kFailuresOfTheGone && worker.running == 0;
  });
}

base::Result<Fleet::Seat> Fleet::take(const base::StillWanted& wanted) {
  std::unique_lock lock(mutex_);
  while (base::is_wanted(wanted)) {
    if (Worker* worker = best()) {
      ++worker->running;
      return Seat{static_cast<size_t>(worker - workers_.data()), worker->url};
    }
    if (are_all_gone()) {
      return base::failure(workers_.size() == 1
                               ? "worker " + workers_.front().url + " does not answer any more"
                               : "none of the workers answers any more",
                           FailureKind::RetryElsewhere);
    }
    changed_.wait_for(lock, kGlance);  // until one is done, or may be tried again
  }
  return base::failure("nobody waits for it any more", FailureKind::RetryHere);
}

void Fleet::done(const Seat& seat, Went went) {
  {
    const std::scoped_lock lock(mutex_);
    Worker& worker = workers_[seat.number];
    worker.running -= std::min(worker.running, 1U);
    worker.failures = went == Went::Badly ? worker.failures + 1 : 0;
    if (went == Went::Badly) {
      const auto pause = kFirstPause * (1U << std::min(worker.failures - 1, 6U));
      worker.not_before = clock_.steady() + std::min<milliseconds>(pause, kLastPause);
    } else if (went == Went::Busy) {
      worker.not_before = clock_.steady() + kBusy;
    }
  }
  changed_.notify_all();
}

}  // namespace engine
