#pragma once

#include "cli/expectations.hh"
#include "cli/journal.hh"
#include "cli/progress.hh"
#include "cli/wire_up.hh"
#include "cli/witness.hh"
#include "exec/runner.hh"
#include "intercept/forcer.hh"
#include "loop/loop.hh"
#include "sched/coordinator.hh"
#include "sched/steps.hh"

#include <memory>
#include <thread>

namespace cli {

// Where thunks run on this machine. Fails, saying what is refused, where there can be no containers and the
// settings ask for them.
[[nodiscard]] base::Result<std::unique_ptr<exec::Runner>> open_runner(Storage& storage,
                                                                      const Settings& settings);

// What executions that were killed have left goes; where there are new ones, these see to it by themselves.
// Throws base::OperatorError or SyscallError.
void clear_up_after_executions(const Settings& settings);

// Everything between a thunk and its result: the loop thread with coordinator and engine on it. Made and used
// by the main thread; gone when it goes.
class Execution final : public intercept::Forcer {
 public:
  // Throws base::OperatorError where containers cannot be made. `journal` may be null. `on_failure`: what
  // follows for the other thunks when one fails.
  Execution(Storage& storage, const Settings& settings, Journal* journal, sched::OnFailure on_failure);

  // The same with a runner at hand.
  Execution(Storage& storage, const Settings& settings, Journal* journal, sched::OnFailure on_failure,
            std::unique_ptr<exec::Runner> runner);

  ~Execution() override;

  [[nodiscard]] std::optional<ir::Result> known(const object::Digest& thunk) override;
  void submit(const object::Digest& thunk, const std::string& label, Done done) override;
  void remake(const object::Digest& thunk, Done done) override;
  void hurry(const object::Digest& thunk) override;
  void drain(const std::string& reason) override;
  void cancel_all() override;

  [[nodiscard]] Progress progress() const;

 private:
  void run_loop();

  loop::Loop loop_;
  Expectations expectations_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<object::Records> without_memos_;
  std::unique_ptr<sched::Coordinator> coordinator_;
  std::unique_ptr<sched::Steps> near_;  // where memos may be far away: what is known without asking there
  std::thread thread_;
};

}  // namespace cli
