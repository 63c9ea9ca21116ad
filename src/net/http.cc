#include "net/http.hh"

#include "net/http_transfer.hh"
#include "net/texts.hh"

namespace net {

namespace {

std::string_view host_of(std::string_view url) {
  const size_t scheme = url.find("://");
  url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  url = url.substr(0, url.find_first_of("/?"));
  if (url.starts_with('[')) {
    return url.substr(1, url.find(']') - 1);
  }
  return url.substr(0, url.find(':'));
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

bool is_loopback_url(std::string_view url) {
  const std::string_view host = host_of(url);
  return is_loopback_host(host) || host.ends_with(".localhost");
}

class HttpClient::Handle {
 public:
  Handle() : easy_(libcurl().init()) {}

  ~Handle() { libcurl().cleanup(easy_); }

  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  base::Result<HttpResponse> send(const HttpRequest& request, const Options& options,
                                  const base::StillWanted& wanted) {
    HttpTransfer transfer(easy_, request, options, wanted);
    return transfer.outcome(libcurl().perform(easy_));
  }

 private:
  CURL* easy_;
};

HttpClient::HttpClient(Options options) : options_(std::move(options)) {
  static_cast<void>(libcurl());
}

HttpClient::~HttpClient() = default;

std::unique_ptr<HttpClient::Handle> HttpClient::take() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) {
    return std::make_unique<Handle>();
  }
  auto handle = std::move(idle_.back());  // the one whose connection is warmest
  idle_.pop_back();
  return handle;
}

void HttpClient::give_back(std::unique_ptr<Handle> handle) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(handle));
}

base::Result<HttpResponse> HttpClient::send(const HttpRequest& request, const base::StillWanted& wanted) {
  auto handle = take();
  auto response = handle->send(request, options_, wanted);
  give_back(std::move(handle));
  return response;
}

}  // namespace net
