#pragma once

#include "base/clock.hh"
#include "cli/expectations.hh"
#include "cli/journal.hh"
#include "sched/observer.hh"

namespace cli {

// Writes down what the coordinator tells. Loop thread.
class Witness final : public sched::Observer {
 public:
  // `journal` may be null.
  Witness(Journal* journal, Expectations& expectations, const base::Clock& clock)
      : journal_(journal), expectations_(expectations), clock_(clock) {}

  void ended(const Attempt& attempt, const sched::AttemptResult& result, base::Nanoseconds took) override;
  void cancelled(const Attempt& attempt, sched::Unwanted why, base::Nanoseconds took) override;
  void decided(const Deciding& deciding) override;
  void finished(const object::Digest& thunk, const std::string& label,
                const sched::Outcome& outcome) override;
  void trouble(const std::string& message) override;

 private:
  [[nodiscard]] AttemptRecord record_of(const Attempt& attempt, base::Nanoseconds took) const;

  Journal* journal_;
  Expectations& expectations_;
  const base::Clock& clock_;
};

}  // namespace cli
