#include "cloud/aws_calls.hh"

#include "base/quote.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <algorithm>

#include "cloud/aws_failure.hh"

namespace cloud {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLastBackOff{5000};

// What has never answered is more often a wrong address than a hiccup.
constexpr milliseconds kPatienceAtFirst{5000};
constexpr milliseconds kLimit = std::chrono::minutes(2);  // for one answer; all are small
constexpr uint64_t kLongestAnswer = uint64_t{64} << 20U;

// The name of the service's host, where that is not the one it is signed for.
std::string host_name(const std::string& service) {
  return service == "ecr" ? "api.ecr" : service;
}

// "a=b&c=d+e": forms have another encoding for blanks than queries (WHATWG URL,
// application/x-www-form-urlencoded).
std::string form_of(const net::aws::Query& parameters) {
  std::string form = net::aws::canonical_query(parameters);
  for (size_t at = form.find("%20"); at != std::string::npos; at = form.find("%20", at)) {
    form.replace(at, 3, "+");
  }
  return form;
}

std::string without_scheme(const std::string& url) {
  return url.substr(url.find("://") + 3);
}

}  // namespace

std::string AwsCalls::endpoint(const std::string& service) const {
  std::string url = options_.endpoint ? *options_.endpoint
                    : configuration_.endpoint(service)
                        ? *configuration_.endpoint(service)
                        : net::aws::amazon_endpoint(host_name(service), options_.region);
  while (url.ends_with('/')) {
    url.pop_back();
  }
  if (url.find("://") == std::string::npos) {
    throw base::OperatorError("'" + base::printable(url) +
                              "' is no endpoint: it looks like https://HOST:PORT");
  }
  return url;
}

base::Result<net::HttpResponse> AwsCalls::once(const Request& request, const net::aws::Secrets& secrets) {
  const std::string where = endpoint(request.service);
  const net::aws::SignableRequest signable{request.method,  without_scheme(where),
                                           request.path,    request.query,
                                           request.headers, net::aws::sha256_hex(request.body)};
  const std::string query = net::aws::canonical_query(request.query);
  net::HttpRequest http;
  http.method = request.method;
  http.url = where + request.path + (query.empty() ? "" : "?" + query);
  http.headers = net::aws::sign(signable, secrets, {options_.region, request.service, clock_.wall()});
  http.body = request.body;
  http.most_bytes = kLongestAnswer;
  http.limit = kLimit;
  return http_.send(http, {});
}

net::HttpResponse AwsCalls::call(const Request& request) {
  const base::Nanoseconds begin = clock_.steady();
  bool has_fresh_secrets = false;
  for (milliseconds back_off = options_.first_back_off;; back_off = std::min(back_off * 2, kLastBackOff)) {
    const net::aws::Secrets secrets = base::value_or_throw(credentials_.get({}));
    auto response = once(request, secrets);
    if (response) {
      has_answered_ = true;
      seconds_ahead_.with([&](auto& seconds) { seconds = cloud::seconds_ahead(*response, clock_.wall()); });
    }
    if (response && response->ok()) {
      return *std::move(response);
    }
    const bool is_last = clock_.steady() - begin >=
                         (has_answered_ ? options_.patience : std::min(options_.patience, kPatienceAtFirst));
    if (!response) {
      if (response.error().kind == base::FailureKind::RetryHere && !is_last) {
        static_cast<void>(net::pause(net::with_jitter(back_off), {}));
        continue;
      }
      throw CallError("", response.error().message,
                      fmt::format("{} at {}: {}", request.doing, endpoint(request.service),
                                  base::printable(response.error().message)));
    }
    const AwsFailure failure = failure_of(*response);
    if (is_expiry(failure) && !has_fresh_secrets) {
      has_fresh_secrets = true;
      credentials_.refused(secrets);
      continue;
    }
    if (is_passing(*response, failure) && !is_last) {
      static_cast<void>(net::pause(net::with_jitter(back_off), {}));
      continue;
    }
    const std::string advice = advice_for(*response, failure, request.doing, clock_.wall());
    throw CallError(
        failure.code, failure.message,
        fmt::format("{} in {}: {}{}{}", request.doing, options_.region, base::printable(failure.code),
                    failure.message.empty() ? "" : " (" + base::printable(failure.message) + ")",
                    advice.empty() ? "" : "; " + advice));
  }
}

std::string AwsCalls::query(const std::string& service, const std::string& action, const std::string& version,
                            net::aws::Query parameters) {
  parameters.emplace_back("Action", action);
  parameters.emplace_back("Version", version);
  const std::string body = form_of(parameters);
  Request request{service, service + ":" + action, "POST", "/", {}, {}, body};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  return call(request).body;
}

std::string AwsCalls::json(const std::string& service, const std::string& target, std::string_view body) {
  Request request{service, service + ":" + target.substr(target.find('.') + 1), "POST", "/", {}, {}, body};
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", target}};
  return call(request).body;
}

net::HttpResponse AwsCalls::rest(const std::string& service, const std::string& method,
                                 const std::string& path, const net::aws::Query& query, std::string_view body,
                                 const net::HttpHeaders& headers) {
  return call({service, service + " " + method + " " + path, method, path, query, headers, body});
}

}  // namespace cloud
