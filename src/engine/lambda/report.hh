#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace engine {

// What AWS Lambda says at the end of each invocation: the REPORT line of the function's log (Lambda Developer
// Guide, "Lambda function logging"). A value.
struct InvocationReport {
  std::chrono::milliseconds billed{0};
  uint64_t memory_mb = 0;              // that the function has
  uint64_t used_mb = 0;                // at most, so far, in this environment
  std::chrono::milliseconds start{0};  // of a new environment; zero: it was there already

  bool operator==(const InvocationReport&) const = default;
};

// The last one in the tail of a log (X-Amz-Log-Result: 4 KB at most, base64). nullopt: it has none.
[[nodiscard]] std::optional<InvocationReport> report_in(std::string_view log_result);

}  // namespace engine
