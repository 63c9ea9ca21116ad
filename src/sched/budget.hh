#pragma once

#include "sched/capacity.hh"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace sched {

// What may be spent, in executions and in money. Executions count wherever they are: a graph that grows
// without end is to come to one even where nothing is billed, or where an engine does not say what it bills.
// What one costs is known only when it is over, so the most that it may cost is set aside while it runs: the
// sum stays within the budget as long as engines bill no more than they say.
class Budget {
 public:
  struct Limits {
    std::optional<uint64_t> executions;  // retries and duplicates are some, too
    std::optional<MicroDollars> micro_dollars;
  };

  explicit Budget(const Limits& limits) : limits_(limits) {}

  // May a job that costs so much at most ever start?
  [[nodiscard]] bool can_ever(MicroDollars most) const {
    return !executions_are_used_up() && fits(spent_, most);
  }

  // May it start now?
  [[nodiscard]] bool can_now(MicroDollars most) const {
    return can_ever(most) && fits(spent_ + set_aside_, most);
  }

  void set_aside(MicroDollars most) {
    ++executions_;
    set_aside_ += most;
  }

  // The job for which that was set aside has cost this.
  void settle(MicroDollars most, MicroDollars cost) {
    set_aside_ -= most;
    spent_ += cost;
  }

  [[nodiscard]] MicroDollars spent() const { return spent_; }

  [[nodiscard]] MicroDollars set_aside() const { return set_aside_; }

  // Why a job that costs so much at most cannot ever start.
  [[nodiscard]] std::string refusal(MicroDollars most) const {
    if (executions_are_used_up()) {
      return fmt::format("the budget of {} executions is used up", limits_.executions.value_or(0));
    }
    return fmt::format("the budget of ${:.6f} does not bear it: ${:.6f} is spent, and it may cost ${:.6f}",
                       dollars(limits_.micro_dollars.value_or(0)), dollars(spent_), dollars(most));
  }

 private:
  static double dollars(MicroDollars amount) { return static_cast<double>(amount) / 1e6; }

  [[nodiscard]] bool executions_are_used_up() const {
    return limits_.executions && executions_ >= *limits_.executions;
  }

  // What is free fits also when others have cost more than they said.
  [[nodiscard]] bool fits(MicroDollars committed, MicroDollars most) const {
    return !limits_.micro_dollars || most == 0 ||
           (committed <= *limits_.micro_dollars && most <= *limits_.micro_dollars - committed);
  }

  Limits limits_;
  uint64_t executions_ = 0;
  MicroDollars spent_ = 0;
  MicroDollars set_aside_ = 0;
};

}  // namespace sched
