#include "model/netstrings.hh"

#include <charconv>

namespace model {

void NetstringWriter::text(std::string_view bytes) {
  bytes_ += std::to_string(bytes.size());
  bytes_ += ':';
  bytes_ += bytes;
}

std::string_view NetstringReader::text() {
  size_t length = 0;
  const char* const end = rest_.data() + rest_.size();
  const auto parsed = std::from_chars(rest_.data(), end, length);
  const bool has_colon = parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == ':';
  if (damaged_ || !has_colon || static_cast<size_t>(end - parsed.ptr) - 1 < length) {
    damaged_ = true;
    rest_ = {};
    return {};
  }
  const std::string_view value(parsed.ptr + 1, length);
  rest_ = {parsed.ptr + 1 + length, end};
  return value;
}

size_t NetstringReader::count() {
  const std::string_view digits = text();
  size_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  if (!whole || number > rest_.size()) {
    damaged_ = true;
    return 0;
  }
  return number;
}

}  // namespace model
