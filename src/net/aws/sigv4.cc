#include "net/aws/sigv4.hh"

#include "net/texts.hh"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <stdexcept>

namespace net::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
using Mac = std::array<unsigned char, 32>;

std::string hex(const Mac& mac) {
  std::string text;
  for (const unsigned char byte : mac) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

std::string_view bytes_of(const Mac& mac) {
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

Mac hmac(std::string_view key, std::string_view text) {
  Mac mac{};
  unsigned length = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
             &length) == nullptr ||
      length != mac.size()) {
    throw std::runtime_error("OpenSSL makes no HMAC-SHA256");
  }
  return mac;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return text;
}

// Without blanks at its ends, and one blank where there are more.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (byte != ' ' || (!out.empty() && out.back() != ' ')) {
      out += byte;
    }
  }
  if (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

Mac sha256(std::string_view bytes) {
  Mac hash{};
  unsigned length = 0;
  if (::EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL makes no SHA-256");
  }
  return hash;
}

// One signature under way.
class Signature {
 public:
  Signature(const SignableRequest& request, const SigningScope& scope) : request_(request), scope_(scope) {
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(scope.now).count();
    time_ = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
    date_ = time_.substr(0, 8);
    sign_header("host", request.host);
    for (const auto& [name, value] : request.headers) {
      sign_header(name, value);
    }
  }

  void sign_header(const std::string& name, const std::string& value) {
    headers_.insert_or_assign(lower(name), squeezed(value));
  }

  [[nodiscard]] const std::string& time() const { return time_; }

  [[nodiscard]] std::string signed_headers() const {
    std::string names;
    for (const auto& header : headers_) {
      names += (names.empty() ? "" : ";") + header.first;
    }
    return names;
  }

  [[nodiscard]] std::string credential(const Secrets& secrets) const {
    return secrets.access_key + "/" + scope();
  }

  [[nodiscard]] std::string make(const Secrets& secrets, const Query& query) const {
    std::string canonical = request_.method + "\n" + request_.path + "\n" + canonical_query(query) + "\n";
    for (const auto& [name, value] : headers_) {
      canonical += name + ":" + value + "\n";
    }
    canonical += "\n" + signed_headers() + "\n" + request_.payload_hash;
    const std::string to_sign =
        fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time_, scope(), sha256_hex(canonical));
    Mac key = hmac("AWS4" + secrets.secret_key, date_);
    for (const std::string_view part : {std::string_view(scope_.region), std::string_view(scope_.service),
                                        std::string_view("aws4_request")}) {
      key = hmac(bytes_of(key), part);
    }
    return hex(hmac(bytes_of(key), to_sign));
  }

 private:
  [[nodiscard]] std::string scope() const {
    return fmt::format("{}/{}/{}/aws4_request", date_, scope_.region, scope_.service);
  }

  const SignableRequest& request_;
  const SigningScope& scope_;
  std::string time_;
  std::string date_;
  std::map<std::string, std::string> headers_;
};

}  // namespace

std::string uri_encoded(std::string_view text, Slash slash) {
  std::string out;
  for (const char byte : text) {
    const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
                       byte == '~' || (byte == '/' && slash == Slash::Kept);
    if (plain) {
      out += byte;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return out;
}

std::string canonical_query(const Query& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(uri_encoded(name, Slash::Encoded), uri_encoded(value, Slash::Encoded));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}

std::string sha256_base64(std::string_view bytes) {
  const Mac hash = sha256(bytes);
  return to_base64(bytes_of(hash));
}

HttpHeaders sign(const SignableRequest& request, const Secrets& secrets, const SigningScope& scope) {
  Signature signature(request, scope);
  HttpHeaders headers = request.headers;
  const auto add = [&](const std::string& name, const std::string& value) {
    signature.sign_header(name, value);
    headers.emplace_back(name, value);
  };
  add("x-amz-date", signature.time());
  if (scope.service == "s3") {  // the others take the hash from the body
    add("x-amz-content-sha256", request.payload_hash);
  }
  if (!secrets.session_token.empty()) {
    add("x-amz-security-token", secrets.session_token);
  }
  headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={},SignedHeaders={},Signature={}", kAlgorithm, signature.credential(secrets),
                  signature.signed_headers(), signature.make(secrets, request.query)));
  return headers;
}

Query presign(const SignableRequest& request, const Secrets& secrets, const SigningScope& scope,
              std::chrono::seconds lifetime) {
  SignableRequest unsigned_payload = request;
  unsigned_payload.payload_hash = kUnsignedPayload;
  const Signature signature(unsigned_payload, scope);
  Query query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", signature.credential(secrets));
  query.emplace_back("X-Amz-Date", signature.time());
  query.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
  query.emplace_back("X-Amz-SignedHeaders", signature.signed_headers());
  if (!secrets.session_token.empty()) {
    query.emplace_back("X-Amz-Security-Token", secrets.session_token);
  }
  query.emplace_back("X-Amz-Signature", signature.make(secrets, query));
  return query;
}

}  // namespace net::aws
