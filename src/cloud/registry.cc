#include "cloud/registry.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/quote.hh"
#include "net/aws/sigv4.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cloud {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLastBackOff{5000};

// What has never answered is more often a wrong address than a hiccup.
constexpr milliseconds kPatienceAtFirst{5000};
constexpr int kUploads = 4;  // of one blob: a session that the server has forgotten is begun anew

// "DENIED: not allowed"
std::string words_of(const net::HttpResponse& response) {
  const auto document = nlohmann::json::parse(response.body, nullptr, false);
  if (document.is_object() && document.contains("errors") && document["errors"].is_array()) {
    for (const auto& error : document["errors"]) {
      if (error.is_object()) {
        return fmt::format("{}: {}", error.value("code", "?"), error.value("message", ""));
      }
    }
  }
  return fmt::format("HTTP {}", response.status);
}

std::string host_of(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  return url.substr(0, url.find('/', begin));
}

}  // namespace

void Registry::refuse(const std::string& doing, const net::HttpResponse& response) const {
  std::string advice;
  if (response.status == 401 || response.status == 403) {
    advice = options_.basic.empty() ? "; it wants to know who pushes (`docker login`, or the like)"
                                    : "; these credentials may not push there";
  } else if (response.status == 404) {
    advice = "; is there such a repository?";
  }
  throw base::OperatorError(fmt::format("cannot {} '{}' of {}: {}{}", doing, options_.repository,
                                        options_.origin, base::printable(words_of(response)), advice));
}

net::HttpResponse Registry::call(const std::string& method, const std::string& url, std::string_view body,
                                 const std::string& type) {
  const auto begin = std::chrono::steady_clock::now();
  for (milliseconds back_off = options_.first_back_off;; back_off = std::min(back_off * 2, kLastBackOff)) {
    net::HttpRequest request;
    request.method = method;
    request.url = url;
    request.body = body;
    request.headers = {{"Accept", std::string(kManifestType)}};
    if (!type.empty()) {
      request.headers.emplace_back("Content-Type", type);
    }
    if (!options_.basic.empty() && host_of(url) == host_of(options_.origin)) {
      request.headers.emplace_back("Authorization", "Basic " + options_.basic);
    }
    auto response = http_.send(request);
    has_answered_ = has_answered_ || response;
    const bool is_last = std::chrono::steady_clock::now() - begin >=
                         (has_answered_ ? options_.patience : std::min(options_.patience, kPatienceAtFirst));
    if (response && ((response->status < 500 && response->status != 429) || is_last)) {
      return *std::move(response);
    }
    if (!response && (response.error().kind != base::FailureKind::RetryHere || is_last)) {
      throw base::OperatorError(
          fmt::format("registry {}: {}", options_.origin, base::printable(response.error().message)));
    }
    static_cast<void>(net::pause(net::with_jitter(back_off), {}));
  }
}

bool Registry::is_there(const std::string& kind, const std::string& digest) {
  const net::HttpResponse response =
      call("HEAD", options_.origin + "/v2/" + options_.repository + "/" + kind + "/" + digest);
  if (!response.ok() && response.status != 404) {
    refuse("look into", response);
  }
  return response.ok();
}

bool Registry::has(const Manifest& manifest) {
  return is_there("manifests", manifest.itself.digest);
}

std::string Registry::place_of(const net::HttpResponse& response) const {
  const std::string location = response.header("location");
  return location.starts_with('/') ? options_.origin + location : location;
}

void Registry::upload(const std::string& bytes, const std::string& digest) {
  for (int left = kUploads;;) {
    const net::HttpResponse begun =
        call("POST", options_.origin + "/v2/" + options_.repository + "/blobs/uploads/");
    if (begun.status != 202 || begun.header("location").empty()) {
      refuse("push to", begun);
    }
    const net::HttpResponse sent = call("PATCH", place_of(begun), bytes, "application/octet-stream");
    if (sent.status == 202) {
      const std::string place = sent.header("location").empty() ? place_of(begun) : place_of(sent);
      const net::HttpResponse done =
          call("PUT", place + (place.find('?') == std::string::npos ? "?" : "&") +
                          "digest=" + net::aws::uri_encoded(digest, net::aws::Slash::Encoded));
      if (done.ok()) {
        return;
      }
      if (--left == 0 || done.status == 401 || done.status == 403) {
        refuse("push to", done);
      }
    } else if (--left == 0 || sent.status == 401 || sent.status == 403) {
      refuse("push to", sent);
    }
  }
}

Registry::Pushed Registry::push(const std::string& folder, const Manifest& manifest, const std::string& tag) {
  Pushed pushed;
  std::vector<Blob> blobs = manifest.layers;
  blobs.push_back(manifest.config);
  for (const Blob& blob : blobs) {
    if (is_there("blobs", blob.digest)) {
      ++pushed.blobs_there;
      continue;
    }
    upload(base::read_file(blob_path(folder, blob.digest)), blob.digest);
    ++pushed.blobs_sent;
    pushed.sent_bytes += blob.bytes;
  }
  const std::string bytes = base::read_file(blob_path(folder, manifest.itself.digest));
  const net::HttpResponse named =
      call("PUT", options_.origin + "/v2/" + options_.repository + "/manifests/" + tag, bytes,
           std::string(kManifestType));
  if (!named.ok()) {
    refuse("push to", named);
  }
  return pushed;
}

}  // namespace cloud
