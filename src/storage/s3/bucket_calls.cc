#include "storage/s3/bucket_calls.hh"

#include "base/in_parallel.hh"
#include "base/quote.hh"
#include "net/back_off.hh"
#include "net/texts.hh"
#include "storage/s3/bucket_failure.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

namespace storage {

namespace {

using base::FailureKind;
using std::chrono::milliseconds;

constexpr milliseconds kLastBackOff{5000};
constexpr uint64_t kLongestMessage = uint64_t{16} << 20U;
constexpr int kDamagedTries = 8;  // what keeps arriving damaged is no accident
constexpr int kTriesOfDamagedLists = 3;
constexpr size_t kMostPages = 100'000;

std::optional<milliseconds> retry_after(const net::HttpResponse& response) {
  const std::string text = response.header("retry-after");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr unsigned kMost = 30;
  return !text.empty() && error == std::errc() && end == text.data() + text.size()
             ? std::optional<milliseconds>(std::chrono::seconds(std::min(seconds, kMost)))
             : std::nullopt;
}

}  // namespace

std::string BucketCalls::path_of(const std::string& key) const {
  std::string path = bucket_.root;
  if (!key.empty()) {
    return path + net::aws::uri_encoded(bucket_.prefix + key, net::aws::Slash::Kept);
  }
  if (path.size() > 1) {
    path.pop_back();  // "/bucket", as AWS's tools write it
  }
  return path;
}

base::Result<net::HttpResponse> BucketCalls::once(const Request& request, const net::aws::Secrets& secrets,
                                                  const base::StillWanted& wanted) {
  const std::string path = path_of(request.key);
  const std::string query = net::aws::canonical_query(request.query);
  const net::aws::SignableRequest signable{
      request.method, bucket_.host, path, request.query, request.headers, net::aws::sha256_hex(request.body)};
  net::HttpRequest http;
  http.method = request.method;
  http.url = bucket_.origin + path + (query.empty() ? "" : "?" + query);
  http.headers = net::aws::sign(signable, secrets, {bucket_.region, "s3", clock_.wall()});
  http.body = request.body;
  http.most_bytes = std::max(request.most_bytes, kLongestMessage);
  return http_.send(http, wanted);
}

base::Result<net::HttpResponse> BucketCalls::call(const Request& request, const base::StillWanted& wanted) {
  const auto give_up = clock_.steady() + patience_.load();
  int tries = 0;  // two may have hung for longer than that
  int damaged = 0;
  bool has_fresh_secrets = false;
  for (milliseconds back_off = options_.first_back_off;; back_off = std::min(back_off * 2, kLastBackOff)) {
    const auto secrets = credentials_.get(wanted);
    if (!secrets) {
      return tl::unexpected(secrets.error());
    }
    base::Error error;
    milliseconds wait = net::with_jitter(back_off);
    {
      const net::AdaptiveLimit::Place place = limit_.enter();
      auto response = once(request, *secrets, wanted);
      if (response &&
          (response->ok() || response->status == 404 || response->status == 412 || response->status == 416)) {
        limit_.succeeded();
        return response;
      }
      if (response) {
        const BucketFailure failure = failure_of(*response);
        error = error_of(*response, failure, bucket_, request.doing, clock_.wall());
        wait = std::max(wait, retry_after(*response).value_or(milliseconds(0)));
        switch (remedy_for(*response, failure)) {
          case Remedy::None:
            return tl::unexpected(std::move(error));
          case Remedy::NoConditions:
            return response;
          case Remedy::Wait:
            limit_.overloaded();
            break;
          case Remedy::SendAgain:
            if (++damaged == kDamagedTries) {
              return tl::unexpected(std::move(error));
            }
            break;
          case Remedy::FreshSecrets:
            credentials_.refused(*secrets);
            if (const auto fresh = credentials_.get(wanted);
                has_fresh_secrets || !fresh || *fresh == *secrets) {
              return tl::unexpected(fresh ? std::move(error) : fresh.error());
            }
            has_fresh_secrets = true;
            continue;
        }
      } else {
        error = {fmt::format("cannot {} {} at {}: {}", request.doing, bucket_.subject(), bucket_.endpoint,
                             base::printable(response.error().message)),
                 response.error().kind == FailureKind::RetryHere ? FailureKind::RetryHere
                                                                 : FailureKind::RetryElsewhere};
        if (error.kind != FailureKind::RetryHere) {
          return tl::unexpected(std::move(error));
        }
        limit_.overloaded();
      }
    }
    if ((++tries > 2 && clock_.steady() >= give_up) || !net::pause(wait, wanted)) {
      return tl::unexpected(std::move(error));
    }
  }
}

base::Result<std::vector<BucketCalls::Listed>> BucketCalls::list(const std::string& prefix,
                                                                 const base::StillWanted& wanted) {
  std::vector<Listed> all;
  std::string token;
  int damaged = 0;
  for (size_t page = 0; page < kMostPages; ++page) {
    Request request;
    request.method = "GET";
    request.doing = "list";
    request.query = {{"list-type", "2"}, {"prefix", bucket_.prefix + prefix}};
    if (!token.empty()) {
      request.query.emplace_back("continuation-token", token);
    }
    const auto response = call(request, wanted);
    if (!response) {
      return tl::unexpected(response.error());
    }
    pugi::xml_document document;
    const bool is_xml = document.load_buffer(response->body.data(), response->body.size());
    const pugi::xml_node result = document.child("ListBucketResult");
    if (!response->ok() || !is_xml || !result) {
      if (response->ok() && ++damaged < kTriesOfDamagedLists) {
        continue;
      }
      return tl::unexpected(
          error_of(*response, failure_of(*response), bucket_, request.doing, clock_.wall()));
    }
    for (const pugi::xml_node entry : result.children("Contents")) {
      const std::string key = entry.child_value("Key");
      if (key.starts_with(bucket_.prefix)) {
        all.push_back({key.substr(bucket_.prefix.size()), entry.child("Size").text().as_ullong()});
      }
    }
    token = result.child_value("NextContinuationToken");
    if (result.child_value("IsTruncated") != std::string_view("true") || token.empty()) {
      break;
    }
  }
  return all;
}

base::Result<std::optional<std::string>> BucketCalls::get_part(const std::string& key, Range range,
                                                               const base::StillWanted& wanted) {
  Request request;
  request.method = "GET";
  request.key = key;
  request.doing = "read";
  request.most_bytes = range.bytes;
  request.headers = {{"Range", fmt::format("bytes={}-{}", range.offset, range.offset + range.bytes - 1)}};
  auto response = call(request, wanted);
  if (!response) {
    return tl::unexpected(std::move(response.error()));
  }
  if (response->ok() && response->body.size() == range.bytes) {
    return std::optional(std::move(response->body));
  }
  if (response->ok() && response->status == 200) {  // a server that does not know ranges sends all
    return response->body.size() >= range.offset + range.bytes
               ? std::optional(response->body.substr(range.offset, range.bytes))
               : std::nullopt;
  }
  const BucketFailure failure = failure_of(*response);
  if (response->status == 404 && failure.code != "NoSuchKey" && failure.code != "HTTP 404") {
    return tl::unexpected(error_of(*response, failure, bucket_, request.doing, clock_.wall()));
  }
  return std::nullopt;
}

base::Result<std::optional<std::string>> BucketCalls::get(const std::string& key, Range range,
                                                          const base::StillWanted& wanted) {
  if (range.bytes <= options_.part_bytes) {
    return get_part(key, range, wanted);
  }
  std::string whole(range.bytes, '\0');
  std::atomic<bool> is_there{true};
  const size_t parts = (range.bytes + options_.part_bytes - 1) / options_.part_bytes;
  const auto got = base::in_parallel(parts, options_.parts_at_once, [&](size_t part) -> base::Result<void> {
    const uint64_t offset = part * options_.part_bytes;
    const uint64_t bytes = std::min(options_.part_bytes, range.bytes - offset);
    const auto piece = get_part(key, {range.offset + offset, bytes}, wanted);
    if (!piece) {
      return tl::unexpected(piece.error());
    }
    if (*piece) {
      std::copy((*piece)->begin(), (*piece)->end(), whole.begin() + static_cast<std::ptrdiff_t>(offset));
    } else {
      is_there = false;
    }
    return {};
  });
  if (!got) {
    return tl::unexpected(got.error());
  }
  return is_there ? std::optional(std::move(whole)) : std::nullopt;
}

net::HttpHeaders BucketCalls::if_absent() const {
  return takes_conditions_ ? net::HttpHeaders{{"If-None-Match", "*"}} : net::HttpHeaders{};
}

base::Result<void> BucketCalls::put(const std::string& key, std::string_view bytes,
                                    const base::StillWanted& wanted) {
  if (bytes.size() > options_.part_bytes) {
    return put_parts(key, bytes, wanted);
  }
  while (true) {
    const bool conditional = takes_conditions_;
    Request request;
    request.method = "PUT";
    request.key = key;
    request.doing = "write to";
    request.body = bytes;
    request.headers = if_absent();
    request.headers.emplace_back("x-amz-checksum-sha256", net::aws::sha256_base64(bytes));
    const auto response = call(request, wanted);
    if (!response) {
      return tl::unexpected(response.error());
    }
    if (response->ok() || response->status == 412) {  // somebody was faster
      return {};
    }
    if (response->status != 501 || !conditional) {
      return tl::unexpected(
          error_of(*response, failure_of(*response), bucket_, request.doing, clock_.wall()));
    }
    takes_conditions_ = false;
  }
}

base::Result<void> BucketCalls::put_parts(const std::string& key, std::string_view bytes,
                                          const base::StillWanted& wanted) {
  Request request;
  request.method = "POST";
  request.key = key;
  request.doing = "write to";
  request.query = {{"uploads", ""}};
  request.headers = {{"x-amz-checksum-algorithm", "SHA256"}};
  const auto begun = call(request, wanted);
  if (!begun) {
    return tl::unexpected(begun.error());
  }
  pugi::xml_document document;
  document.load_buffer(begun->body.data(), begun->body.size());
  const std::string upload = document.child("InitiateMultipartUploadResult").child_value("UploadId");
  if (!begun->ok() || upload.empty()) {
    return tl::unexpected(error_of(*begun, failure_of(*begun), bucket_, request.doing, clock_.wall()));
  }
  auto done = put_each_part(key, upload, bytes, wanted);
  if (!done) {  // parts that belong to nothing are billed until somebody clears them away
    Request abort;
    abort.method = "DELETE";
    abort.key = key;
    abort.doing = "write to";
    abort.query = {{"uploadId", upload}};
    if (const auto secrets = credentials_.get({})) {
      static_cast<void>(once(abort, *secrets, {}));
    }
  }
  return done;
}

base::Result<void> BucketCalls::put_each_part(const std::string& key, const std::string& upload,
                                              std::string_view bytes, const base::StillWanted& wanted) {
  struct Part {
    std::string tag;
    std::string checksum;
  };

  std::vector<Part> parts((bytes.size() + options_.part_bytes - 1) / options_.part_bytes);
  auto sent = base::in_parallel(parts.size(), options_.parts_at_once, [&](size_t part) -> base::Result<void> {
    Request request;
    request.method = "PUT";
    request.key = key;
    request.doing = "write to";
    request.query = {{"partNumber", std::to_string(part + 1)}, {"uploadId", upload}};
    request.body = bytes.substr(part * options_.part_bytes, options_.part_bytes);
    parts[part].checksum = net::aws::sha256_base64(request.body);
    request.headers = {{"x-amz-checksum-sha256", parts[part].checksum}};
    const auto response = call(request, wanted);
    if (!response) {
      return tl::unexpected(response.error());
    }
    parts[part].tag = response->header("etag");
    if (!response->ok() || parts[part].tag.empty()) {
      return tl::unexpected(
          error_of(*response, failure_of(*response), bucket_, request.doing, clock_.wall()));
    }
    return {};
  });
  if (!sent) {
    return sent;
  }
  pugi::xml_document document;
  pugi::xml_node list = document.append_child("CompleteMultipartUpload");
  for (size_t part = 0; part < parts.size(); ++part) {
    pugi::xml_node node = list.append_child("Part");
    node.append_child("PartNumber").text().set(static_cast<unsigned>(part + 1));
    node.append_child("ETag").text().set(parts[part].tag.c_str());
    node.append_child("ChecksumSHA256").text().set(parts[part].checksum.c_str());
  }
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  const std::string body = text.str();
  Request request;
  request.method = "POST";
  request.key = key;
  request.doing = "write to";
  request.query = {{"uploadId", upload}};
  request.headers = if_absent();
  request.body = body;
  const auto response = call(request, wanted);
  if (!response) {
    return tl::unexpected(response.error());
  }
  // It may say 200 and fail all the same (API reference, CompleteMultipartUpload).
  const BucketFailure failure = failure_of(*response);
  const bool is_error = response->body.find("<Error>") != std::string::npos;
  if (response->status == 412 || (response->ok() && !is_error)) {
    return {};
  }
  if (failure.code == "NoSuchUpload") {  // the answer to an earlier try may have been lost on the way
    const auto last = get_part(key, {bytes.size() - 1, 1}, wanted);
    if (last && *last) {
      return {};
    }
  }
  return tl::unexpected(error_of(*response, failure, bucket_, request.doing, clock_.wall()));
}

base::Result<BucketCalls::Lent> BucketCalls::lend(const std::string& method, const std::string& key,
                                                  std::chrono::seconds lifetime,
                                                  const base::StillWanted& wanted) {
  const auto secrets = credentials_.get(wanted);
  if (!secrets) {
    return tl::unexpected(secrets.error());
  }
  const base::Nanoseconds now = clock_.wall();
  const base::Nanoseconds until =
      std::min(now + lifetime, secrets->expires.value_or(base::Nanoseconds::max()));
  const net::aws::SignableRequest request{method, bucket_.host, path_of(key), {}, {}, ""};
  const net::aws::Query query = net::aws::presign(request, *secrets, {bucket_.region, "s3", now}, lifetime);
  return Lent{bucket_.origin + request.path + "?" + net::aws::canonical_query(query), until};
}

}  // namespace storage
