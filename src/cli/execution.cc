#include "cli/execution.hh"

#include "base/errors.hh"
#include "cli/say.hh"
#include "engine/local/local_engine.hh"
#include "exec/executor.hh"
#include "exec/native.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <future>

namespace cli {

namespace {

constexpr unsigned kPoolThreads = 4;  // they wait for files more than they compute

std::unique_ptr<exec::Runner> runner_or_advice(Storage& storage, const Settings& settings) {
  auto runner = open_runner(storage, settings);
  if (!runner) {
    throw base::OperatorError(
        runner.error().message +
        "; `gg doctor` says more, and `--sandbox=none` goes on without containers and without memos");
  }
  return std::move(*runner);
}

std::string kind_of(const sched::AttemptFailure& failure) {
  if (!failure.lost.empty()) {
    return "lost";
  }
  switch (failure.error.kind) {
    case base::FailureKind::RetryHere:
      return "retry-here";
    case base::FailureKind::RetryElsewhere:
      return "retry-elsewhere";
    case base::FailureKind::Deterministic:
      return "deterministic";
    case base::FailureKind::Ours:
      break;
  }
  return "ours";
}

uint64_t bytes_made(const ir::Result& result) {
  uint64_t bytes = 0;
  for (const auto& [path, entry] : result.outputs) {
    const auto* file = std::get_if<object::File>(&entry);
    bytes += file == nullptr ? 0 : file->digest.size();
  }
  return bytes;
}

// What ran outside a container may have read anything, so such a result is neither remembered nor believed.
class WithoutMemos final : public object::Records {
 public:
  explicit WithoutMemos(object::Records& records) : records_(records) {}

  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const object::Digest& key) override {
    return table == object::kMemoTable ? base::Result<std::optional<std::string>>(std::nullopt)
                                       : records_.find(table, key);
  }

  [[nodiscard]] base::Result<void> record(std::string_view table, const object::Digest& key,
                                          std::string_view value) override {
    return table == object::kMemoTable ? base::Result<void>() : records_.record(table, key, value);
  }

 private:
  object::Records& records_;
};

}  // namespace

base::Result<std::unique_ptr<exec::Runner>> open_runner(Storage& storage, const Settings& settings) {
  if (const auto removed = storage.store().remove_what_dead_sessions_left(); !removed) {
    return tl::unexpected(removed.error());
  }
  if (settings.sandbox == "none") {
    return std::make_unique<exec::NativeRunner>(storage.refilling());
  }
  auto executor = exec::Executor::open(storage.refilling(), settings.store + "/layouts");
  if (!executor) {
    return tl::unexpected(executor.error());
  }
  return std::move(*executor);
}

// Writes down what the coordinator tells. Loop thread.
class Execution::Witness final : public sched::Observer {
 public:
  Witness(Journal* journal, Expectations& expectations, const base::Clock& clock)
      : journal_(journal), expectations_(expectations), clock_(clock) {}

  void ended(const Attempt& attempt, const sched::AttemptResult& result, base::Nanoseconds took) override {
    if (result && result->exit_code == 0) {
      expectations_.learn(attempt.label, took);
    }
    if (journal_ == nullptr) {
      return;
    }
    AttemptRecord record;
    record.thunk = attempt.thunk.to_string();
    record.place = attempt.place;
    record.number = attempt.number;
    record.waited_ns = attempt.waited.count();
    record.ended_ns = clock_.wall().count();
    if (result) {
      record.exit_code = result->exit_code;
      record.output_bytes = bytes_made(*result);
      record.set_up_ns = result->timings.set_up.count();
      record.execute_ns = result->timings.execute.count();
      record.collect_ns = result->timings.collect.count();
    } else {
      record.error = result.error().error.message;
      record.failure = kind_of(result.error());
    }
    journal_->attempt(record);
  }

  void finished(const object::Digest& thunk, const std::string& /*label*/,
                const sched::Outcome& outcome) override {
    if (journal_ == nullptr || outcome.verdict == sched::Verdict::Cancelled ||
        outcome.verdict == sched::Verdict::Stopped) {
      return;
    }
    const bool succeeded = outcome.verdict == sched::Verdict::Succeeded;
    journal_->finish({thunk.to_string(),
                      !succeeded                                  ? "failed"
                      : outcome.source == sched::Source::Executed ? "ran"
                                                                  : "hit",
                      clock_.wall().count()});
  }

  void trouble(const std::string& message) override { say(message); }

 private:
  Journal* journal_;
  Expectations& expectations_;
  const base::Clock& clock_;
};

Execution::Execution(Storage& storage, const Settings& settings, Journal* journal,
                     sched::OnFailure on_failure)
    : Execution(storage, settings, journal, on_failure, runner_or_advice(storage, settings)) {}

Execution::Execution(Storage& storage, const Settings& settings, Journal* journal,
                     sched::OnFailure on_failure, std::unique_ptr<exec::Runner> runner)
    : slots_(settings.jobs == 0 ? cores() : settings.jobs),
      loop_(kPoolThreads),
      expectations_(settings.store + "/durations"),
      witness_(std::make_unique<Witness>(journal, expectations_, storage.clock())) {
  if (!runner->isolated()) {
    without_memos_ = std::make_unique<WithoutMemos>(storage.records());
  }
  object::Records& records = without_memos_ ? *without_memos_ : storage.records();
  sched::Policy policy;
  policy.on_failure = on_failure;

  std::promise<void> ready;
  std::future<void> is_ready = ready.get_future();
  thread_ = std::thread([this, &storage, &records, policy, runner = std::move(runner),
                         ready = std::move(ready)]() mutable {
    engine::LocalEngine::Options options;
    options.slots = slots_;
    engine::LocalEngine local(std::move(runner), options,
                              [this](std::function<void()> callback) { loop_.post(std::move(callback)); });
    sched::Coordinator::Place place;
    place.engine = &local;
    coordinator_ = std::make_unique<sched::Coordinator>(loop_, storage.refilling(), records, storage.clock(),
                                                        *witness_, std::vector{place}, policy);
    ready.set_value();
    run_loop();
  });
  is_ready.get();
}

Execution::~Execution() {
  loop_.stop();
  thread_.join();
}

void Execution::run_loop() {
  try {
    loop_.run();
  } catch (const std::exception& error) {
    // Nothing can be forced any more, and whoever waits would wait for ever.
    fmt::print(stderr, "gg: a defect of gg ended the coordinator: {}\n", error.what());
    std::abort();
  }
}

std::optional<ir::Result> Execution::known(const object::Digest& thunk) {
  return coordinator_->known(thunk);
}

void Execution::submit(const object::Digest& thunk, const std::string& label, Done done) {
  sched::Request request;
  request.hints.label = label;
  request.hints.kind = Expectations::kind_of(label);
  request.weight = expectations_.weight(label);
  coordinator_->submit(thunk, request, [done = std::move(done)](const sched::Answer& answer) {
    done(sched::to_result(answer));
  });
}

void Execution::remake(const object::Digest& thunk, Done done) {
  coordinator_->remake(
      thunk, [done = std::move(done)](const sched::Answer& answer) { done(sched::to_result(answer)); });
}

void Execution::hurry(const object::Digest& thunk) {
  coordinator_->hurry(thunk);
}

void Execution::cancel_all() {
  coordinator_->cancel_all();
}

Progress Execution::progress() const {
  const sched::Counters now = coordinator_->progress();
  Progress progress;
  for (const uint32_t nodes : now.states) {
    progress.known += nodes;
  }
  progress.finished = now.in(sched::State::Finished);
  progress.running = now.in(sched::State::Running);
  progress.hits = now.hits + now.converged;
  return progress;
}

}  // namespace cli
