#include "engine/lambda/bill.hh"

#include <cmath>

namespace engine {

sched::MicroDollars Bill::add(double micro_dollars) {
  exact_ += micro_dollars;
  const auto due = static_cast<sched::MicroDollars>(std::ceil(exact_));
  const sched::MicroDollars more = due > told_ ? due - told_ : 0;
  told_ += more;
  return more;
}

}  // namespace engine
