#pragma once

#include "model/options.hh"

#include <string_view>
#include <unordered_set>

namespace model {

// The options of a compiler's driver: a table, and beside it the names of its several hundred -f options that
// decide only what is emitted or accepted. Thread-safe.
class DriverOptions {
 public:
  // `neutral_f`: texts of names without "-f", blanks between them; one that ends in '=' takes an argument,
  // and "no-" may stand before any. `neutral_f_families`: names that go on ("fixed-REG"). What they refer to
  // must outlive this.
  DriverOptions(std::span<const Option> table, std::span<const std::string_view> neutral_f,
                std::span<const std::string_view> neutral_f_families);

  // What words[at] is; nullopt: unknown (or its argument is missing).
  [[nodiscard]] std::optional<Match> match(const std::vector<std::string>& words, size_t at) const;

 private:
  [[nodiscard]] bool is_neutral_f(std::string_view word) const;
  [[nodiscard]] bool is_neutral_name(std::string_view name) const;

  std::span<const Option> table_;
  std::unordered_set<std::string_view> neutral_f_;
  std::span<const std::string_view> neutral_f_families_;
};

}  // namespace model
