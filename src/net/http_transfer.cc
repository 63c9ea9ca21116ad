#include "net/http_transfer.hh"

#include <algorithm>
#include <cstring>

namespace net {

namespace {

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

}  // namespace

HttpTransfer::HttpTransfer(CURL* easy, const HttpRequest& request, const HttpOptions& options,
                           const base::StillWanted& wanted)
    : easy_(easy), request_(request), wanted_(wanted) {
  libcurl().reset(easy_);  // options only: its connections stay
  for (const auto& [name, value] : request.headers) {
    add_header(value.empty() ? name + ";" : name + ": " + value);
  }
  add_header("Expect:");  // a refusal comes as quickly without, and a round trip is saved
  prepare(options);
}

void HttpTransfer::add_header(const std::string& line) {
  if (curl_slist* longer = libcurl().append(headers_.get(), line.c_str())) {
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }
}

base::Result<HttpResponse> HttpTransfer::outcome(CURLcode code) {
  if (is_unwanted_) {
    return base::failure("nobody waits for it any more", base::FailureKind::RetryHere);
  }
  if (is_too_long_) {
    return base::failure("it sends more than was asked for", base::FailureKind::RetryHere);
  }
  if (code != CURLE_OK) {
    return base::failure(why_[0] != '\0' ? why_.data() : libcurl().strerror(code), kind_of(code));
  }
  long status = 0;
  libcurl().getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

size_t HttpTransfer::take_body(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.response_.body.size() + count > transfer.request_.most_bytes) {
    transfer.is_too_long_ = true;
    return 0;
  }
  transfer.response_.body.append(bytes, count);
  return count;
}

size_t HttpTransfer::take_header(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& response = static_cast<HttpTransfer*>(context)->response_;
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

size_t HttpTransfer::give_body(char* room, size_t one, size_t count, void* context) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  const size_t length = std::min(one * count, transfer.request_.body.size() - transfer.sent_);
  std::memcpy(room, transfer.request_.body.data() + transfer.sent_, length);
  transfer.sent_ += length;
  return length;
}

// A connection that was kept may turn out to be dead: libcurl then begins again on a fresh one.
int HttpTransfer::rewind_body(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  if (transfer.request_.once && transfer.sent_ > 0) {
    return CURL_SEEKFUNC_FAIL;
  }
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > transfer.request_.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent_ = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int HttpTransfer::glance(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<HttpTransfer*>(context);
  transfer.is_unwanted_ = !base::is_wanted(transfer.wanted_);
  return transfer.is_unwanted_ ? 1 : 0;
}

void HttpTransfer::prepare(const HttpOptions& options) {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, options.agent.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, why_.data());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.limit.count()));
  if (!options.authorities.empty()) {
    set(CURLOPT_CAINFO, options.authorities.c_str());
  }
  if (!options.certificate.empty()) {
    set(CURLOPT_SSLCERT, options.certificate.c_str());
    set(CURLOPT_SSLKEY, options.key.c_str());
  }
  if (request_.past_proxies || is_loopback_url(request_.url)) {
    set(CURLOPT_PROXY, "");
  }
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, this);
  if (wanted_) {
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &glance);
    set(CURLOPT_XFERINFODATA, this);
  }
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method == "PUT" || request_.method == "POST" || request_.method == "PATCH") {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_READFUNCTION, &give_body);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, &rewind_body);
    set(CURLOPT_SEEKDATA, this);
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

}  // namespace net
