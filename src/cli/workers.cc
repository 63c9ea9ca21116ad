#include "cli/workers.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "cli/server.hh"

#include <sys/utsname.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace cli {

namespace {

// What a worker sends while it works comes every two seconds.
constexpr std::chrono::seconds kSilence{12};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> all;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    std::string url = text.substr(at, end - at);
    while (url.ends_with('/')) {
      url.pop_back();
    }
    all.push_back(std::move(url));
    at = end + 1;
  }
  return all;
}

[[noreturn]] void refuse(const std::string& url, const std::string& why) {
  throw base::OperatorError("'" + base::printable(url) + "' is no worker's address: " + why +
                            "; it looks like https://HOST:PORT (or http://127.0.0.1:PORT)");
}

void check(const std::string& url) {
  const size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) {
    refuse(url, "it begins with neither https:// nor http://");
  }
  const auto fits = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '.' || byte == '_' || byte == ':' || byte == '[' || byte == ']';
  };
  const std::string host = url.substr(scheme);
  if (host.empty() || !std::all_of(host.begin(), host.end(), fits)) {
    refuse(url, "behind the scheme it wants a host, and perhaps a port");
  }
  if (scheme == 7 && !net::is_loopback_url(url)) {
    refuse(
        url,
        "what goes there lets whoever sees it read your sources, so off this machine it has to be https://");
  }
}

std::string this_machine() {
  utsname machine{};
  ::uname(&machine);
  return machine.machine;
}

}  // namespace

bool are_worker_addresses(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

std::unique_ptr<SharedBucket> bucket_for_workers(const Settings& settings, const Environment& environment) {
  if (settings.shared_store.empty()) {
    throw base::OperatorError(
        "workers get at their inputs through a bucket: say with --store s3://BUCKET/PREFIX which one "
        "(docs/workers.md)");
  }
  if (settings.cache == "read") {
    throw base::OperatorError(
        "with --cache=read nothing goes into the bucket, and workers would have no inputs: say "
        "--cache=write, or "
        "--cache=off, which leaves results alone");
  }
  return open_bucket(settings, environment);
}

Workers::Workers(std::unique_ptr<SharedBucket> bucket, std::unique_ptr<net::GrpcCredentials> credentials,
                 net::HttpClient::Options http, engine::Fleet::Options fleet)
    : bucket_(std::move(bucket)),
      credentials_(std::move(credentials)),
      http_(std::move(http)),
      fleet_(http_, credentials_.get(), clock_, std::move(fleet)) {}

std::unique_ptr<Workers> workers_of(const Settings& settings, const Environment& environment) {
  if (!are_worker_addresses(settings.engine)) {
    return nullptr;
  }
  engine::Fleet::Options fleet;
  fleet.urls = split(settings.engine);
  std::for_each(fleet.urls.begin(), fleet.urls.end(), check);
  if (settings.jobs != 0) {  // an address may be many workers
    const auto count = static_cast<unsigned>(fleet.urls.size());
    fleet.jobs = (settings.jobs + count - 1) / count;
  }
  net::HttpClient::Options http;
  http.agent = "gg/" GG_VERSION;
  http.authorities = settings.authorities;
  http.certificate = settings.client_certificate;
  http.key = settings.client_key;
  http.stall = kSilence;
  auto workers = std::make_unique<Workers>(bucket_for_workers(settings, environment),
                                           who_asks(settings, environment, fleet.urls.front() + "/"),
                                           std::move(http), std::move(fleet));
  if (const auto greeted = workers->fleet().greet(this_machine()); !greeted) {
    throw base::OperatorError(greeted.error().message);
  }
  return workers;
}

}  // namespace cli
