#include "engine/lambda/report.hh"

#include "net/texts.hh"

#include <charconv>
#include <cmath>
#include <string>

namespace engine {

namespace {

// The number behind "\tLABEL: ", or behind the line's begin.
std::optional<double> number(std::string_view line, const std::string& label) {
  size_t at = line.find("\t" + label + ": ");
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  at += label.size() + 3;
  double value = 0;
  const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), value);
  constexpr double kMost = 1e12;
  return error == std::errc() && value >= 0 && value < kMost ? std::optional(value) : std::nullopt;
}

std::chrono::milliseconds rounded_up(double milliseconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(milliseconds)));
}

}  // namespace

std::optional<InvocationReport> report_in(std::string_view log_result) {
  const auto log = net::from_base64(log_result);
  const size_t begin = log ? log->rfind("REPORT RequestId: ") : std::string::npos;
  if (begin == std::string::npos) {
    return std::nullopt;
  }
  const std::string_view line = std::string_view(*log).substr(begin, log->find('\n', begin) - begin);
  const auto billed = number(line, "Billed Duration");
  const auto memory = number(line, "Memory Size");
  if (!billed || !memory) {
    return std::nullopt;
  }
  InvocationReport report;
  report.billed = rounded_up(*billed);
  report.memory_mb = static_cast<uint64_t>(*memory);
  report.used_mb = static_cast<uint64_t>(number(line, "Max Memory Used").value_or(0));
  report.start = rounded_up(number(line, "Init Duration").value_or(0));
  return report;
}

}  // namespace engine
