#include "net/texts.hh"

#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace net {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

std::optional<base::Nanoseconds> rfc3339_time(const std::string& text) {
  std::tm time{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) {
    return std::nullopt;
  }
  if (*rest == '.') {
    rest += 1 + std::strspn(rest + 1, "0123456789");
  }
  const std::string_view zone(rest);
  int64_t ahead = 0;
  if (zone != "Z" && zone != "z") {
    int hours = 0;
    int minutes = 0;
    if (zone.size() != 6 || std::sscanf(rest, "%3d:%2d", &hours, &minutes) != 2) {
      return std::nullopt;
    }
    ahead = hours * 3600 + (zone[0] == '-' ? -minutes : minutes) * 60;
  }
  // Nanoseconds end in 2262; "never" is often written as a year after that.
  constexpr int64_t kLatest =
      std::chrono::duration_cast<std::chrono::seconds>(base::Nanoseconds::max()).count();
  return std::chrono::seconds(std::clamp<int64_t>(::timegm(&time) - ahead, 0, kLatest));
}

std::optional<std::chrono::seconds> http_time(const std::string& text) {
  std::tm time{};
  if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time) == nullptr) {
    return std::nullopt;
  }
  return std::chrono::seconds(::timegm(&time));
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0 || text.empty()) {
    return std::nullopt;
  }
  const auto padding = static_cast<size_t>(std::count(text.end() - 2, text.end(), '='));
  bytes.resize(static_cast<size_t>(length) - padding);
  return bytes;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace net
