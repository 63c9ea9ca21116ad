#pragma once

#include "net/aws/rates.hh"
#include "sched/capacity.hh"

#include <chrono>
#include <cstdint>

namespace engine {

// What AWS takes for functions on x86_64.
struct FunctionPrices {
  double micro_dollars_per_gb_second = net::aws::rates::kGbSecondX86 * 1e6;
  double micro_dollars_per_request = net::aws::rates::kInvocation * 1e6;

  // Of one invocation.
  [[nodiscard]] double of(uint64_t memory_mb, std::chrono::milliseconds billed) const {
    constexpr double kMbPerGb = 1024;
    return micro_dollars_per_request + micro_dollars_per_gb_second * static_cast<double>(memory_mb) /
                                           kMbPerGb * std::chrono::duration<double>(billed).count();
  }
};

// Turns amounts that are less than can be said of one invocation into amounts that are right together: the
// sum told is never less than the exact one, and less than a millionth of a dollar more.
class Bill {
 public:
  // What to say of an invocation that costs this.
  [[nodiscard]] sched::MicroDollars add(double micro_dollars);

 private:
  double exact_ = 0;
  sched::MicroDollars told_ = 0;
};

}  // namespace engine
