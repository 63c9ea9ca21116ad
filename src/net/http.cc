#include "net/http.hh"

#include "net/libcurl.hh"
#include "net/texts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace net {

namespace {

struct FreeList {
  void operator()(curl_slist* list) const { libcurl().free_all(list); }
};

using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList list_of(const HttpHeaders& headers) {
  HeaderList list;
  const auto append = [&list](const std::string& line) {
    if (curl_slist* longer = libcurl().append(list.get(), line.c_str())) {
      static_cast<void>(list.release());
      list.reset(longer);
    }
  };
  for (const auto& [name, value] : headers) {
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  append("Expect:");  // a refusal comes as quickly without, and a round trip is saved
  return list;
}

// One transfer, as libcurl's callbacks see it.
struct Transfer {
  const HttpRequest& request;
  const base::StillWanted& wanted;
  HttpResponse response;
  size_t sent = 0;
  bool is_too_long = false;
  bool is_unwanted = false;
};

size_t take_body(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.response.body.size() + count > transfer.request.most_bytes) {
    transfer.is_too_long = true;
    return 0;
  }
  transfer.response.body.append(bytes, count);
  return count;
}

size_t take_header(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& response = static_cast<Transfer*>(context)->response;
  std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) {  // of an interim answer (100), or of a proxy: what counts is the last
    response.headers.clear();
    return count;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return count;
  }
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  line.remove_prefix(colon + 1);
  const size_t begin = line.find_first_not_of(" \t");
  const size_t end = line.find_last_not_of(" \t\r\n");
  response.headers.insert_or_assign(std::move(name), begin == std::string_view::npos
                                                         ? ""
                                                         : std::string(line.substr(begin, end - begin + 1)));
  return count;
}

size_t give_body(char* room, size_t one, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const size_t length = std::min(one * count, transfer.request.body.size() - transfer.sent);
  std::memcpy(room, transfer.request.body.data() + transfer.sent, length);
  transfer.sent += length;
  return length;
}

// A connection that was kept may turn out to be dead: libcurl then begins again on a fresh one.
int rewind_body(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > transfer.request.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int glance(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.is_unwanted = !base::is_wanted(transfer.wanted);
  return transfer.is_unwanted ? 1 : 0;
}

base::FailureKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WRITE_ERROR:
      return base::FailureKind::Deterministic;
    default:
      return base::FailureKind::RetryHere;
  }
}

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
    libcurl().reset(easy_);  // options only: its connections stay
    Transfer transfer{request, wanted, {}};
    const HeaderList headers = list_of(request.headers);
    std::array<char, CURL_ERROR_SIZE> why{};
    prepare(transfer, options, headers.get(), why);
    const CURLcode code = libcurl().perform(easy_);
    if (transfer.is_unwanted) {
      return base::failure("nobody waits for it any more", base::FailureKind::RetryHere);
    }
    if (transfer.is_too_long) {
      return base::failure("it sends more than was asked for", base::FailureKind::RetryHere);
    }
    if (code != CURLE_OK) {
      return base::failure(why[0] != '\0' ? why.data() : libcurl().strerror(code), kind_of(code));
    }
    long status = 0;
    libcurl().getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    libcurl().setopt(easy_, option, value);
  }

  void prepare(Transfer& transfer, const Options& options, curl_slist* headers,
               std::array<char, CURL_ERROR_SIZE>& why) {
    const HttpRequest& request = transfer.request;
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_USERAGENT, options.agent.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, why.data());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.limit.count()));
    if (!options.authorities.empty()) {
      set(CURLOPT_CAINFO, options.authorities.c_str());
    }
    if (!options.certificate.empty()) {
      set(CURLOPT_SSLCERT, options.certificate.c_str());
      set(CURLOPT_SSLKEY, options.key.c_str());
    }
    if (request.past_proxies || is_loopback_url(request.url)) {
      set(CURLOPT_PROXY, "");
    }
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &glance);
    set(CURLOPT_XFERINFODATA, &transfer);
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
      return;
    }
    if (request.method == "PUT" || request.method == "POST") {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_READFUNCTION, &give_body);
      set(CURLOPT_READDATA, &transfer);
      set(CURLOPT_SEEKFUNCTION, &rewind_body);
      set(CURLOPT_SEEKDATA, &transfer);
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

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
