#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What this module keeps in object::Records: strings in a row, each as its length in decimal, ':' and its
// bytes (netstrings less their comma). Counts are strings, too.
namespace model {

class NetstringWriter {
 public:
  void text(std::string_view bytes);

  void count(size_t number) { text(std::to_string(number)); }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Of bytes that anybody may have written: what is damaged reads as empty strings and zeros.
class NetstringReader {
 public:
  explicit NetstringReader(std::string_view bytes) : rest_(bytes) {}

  // Valid as long as the bytes are.
  [[nodiscard]] std::string_view text();

  // No more than what could follow.
  [[nodiscard]] size_t count();

  // All was read, and nothing was amiss.
  [[nodiscard]] bool finished() const { return !damaged_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace model
