#pragma once

#include "base/clock.hh"
#include "intercept/caller.hh"
#include "intercept/command_steps.hh"
#include "intercept/ledger.hh"
#include "intercept/native_gate.hh"
#include "intercept/observer.hh"
#include "intercept/placing.hh"
#include "intercept/server.hh"
#include "model/model.hh"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace intercept {

// Decides what becomes of each command of the build: replayed, promised, waited for, or run natively.
class Commands {
 public:
  struct Settings {
    bool placeholders = false;  // readers are forced, so a promise may stand in the tree
    bool lazy = false;          // gg infer: what nobody waits for is not started
    unsigned natives = 1;       // tools at once that run natively
  };

  // `lost` is called for every bet that was lost, after it was recorded; on a worker.
  using Lost = std::function<void(const Bet&)>;

  Commands(Settings settings, model::Models& models, Forcer& forcer, object::FileStore& store,
           Registry& registry, Ledger& ledger, base::Clock& clock, Observer& observer, Lost lost);

  // Server's thread; does not block.
  void handle(Request request, std::shared_ptr<Answer> answer);

  // The build's first process: callers are looked at up to it.
  void set_top(pid_t top) { top_ = top; }

  // The build is being stopped: nothing is started any more, and failures are not news.
  void stop() { stopping_ = true; }

  // Whoever waits for a place to run natively has one now; no thread of this calls anything afterwards.
  void let_all_run() { gate_.stop(); }

  // In PATH mode the program is found under the shims' directory; the real ones are on `path`.
  void use_path(std::string directory, std::string path);

  // All that commands have become.
  [[nodiscard]] std::set<object::Digest> thunks() const;

  // Of commands whose caller had been told 0; in order of failing.
  [[nodiscard]] std::vector<FailedCommand> failures() const;

 private:
  struct Job;
  using JobRef = std::shared_ptr<Job>;

  void use_real_path(model::Invocation& invocation) const;

  void infer(const JobRef& job);
  void ask_again(const JobRef& job);
  void force_then(const std::vector<object::Promise>& promises, const std::function<void(bool)>& then);
  void run_natively(const JobRef& job, const std::string& reason, const std::string& detail);
  [[nodiscard]] bool reads_from_a_pipeline(const Request& request) const;
  void let_run(const JobRef& job);
  void take(const JobRef& job, model::Inferred inferred);
  bool replay(const JobRef& job, const model::Inferred& inferred);
  bool promise(const JobRef& job, const model::Inferred& inferred);
  void wait_for(const JobRef& job, const model::Inferred& inferred);
  void settle(const JobRef& job, const model::Inferred& inferred, const base::Result<ir::Result>& result);
  void tell_late(const JobRef& job, const ir::Result& result);
  [[nodiscard]] Ledger::Again again(const JobRef& job, const model::Inferred& inferred);
  void report_lost(const JobRef& job, const model::Inferred& inferred,
                   const base::Result<ir::Result>& result);
  [[nodiscard]] std::string taken_over(const std::string& output);
  [[nodiscard]] std::optional<Streams> finish(const JobRef& job, const model::Inferred& inferred,
                                              const ir::Result& result);
  void report(const JobRef& job, Outcome outcome, const std::string& reason, const std::string& detail,
              const model::Inferred* inferred);
  [[nodiscard]] std::string bytes_of(const std::optional<object::Digest>& digest);

  Settings settings_;
  model::Models& models_;
  Forcer& forcer_;
  object::FileStore& store_;
  Registry& registry_;
  Ledger& ledger_;
  base::Clock& clock_;
  Observer& observer_;
  Lost lost_;
  NativeGate gate_;
  StreamId own_input_;
  StreamId own_output_;
  StreamId own_error_;
  std::atomic<pid_t> top_{0};
  std::atomic<bool> stopping_{false};
  std::string path_directory_;
  std::string path_;
  mutable std::mutex mutex_;
  std::vector<FailedCommand> failures_;
  std::set<object::Digest> thunks_;  // under mutex_
};

}  // namespace intercept
