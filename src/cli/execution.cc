#include "cli/execution.hh"

#include "base/errors.hh"
#include "cli/say.hh"
#include "exec/executor.hh"
#include "exec/farms.hh"
#include "exec/native.hh"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <future>

namespace cli {

namespace {

constexpr unsigned kPoolThreads = 4;  // they wait for files more than they compute
constexpr unsigned kPoolThreadsWithNetwork = 16;

std::string layouts_in(const Settings& settings) {
  return settings.store + "/layouts";
}

std::string expectations_in(const Settings& settings) {
  return settings.store + "/durations";
}

std::unique_ptr<exec::Runner> runner_or_advice(Storage& storage, const Settings& settings) {
  auto runner = open_runner(storage, settings);
  if (storage.executes_elsewhere() && (!runner || !(*runner)->isolated())) {
    return nullptr;  // then all goes there, and nothing that is refused there can be done
  }
  if (!runner) {
    throw base::OperatorError(
        runner.error().message +
        "; `gg doctor` says more, and `--sandbox=none` goes on without containers and without memos");
  }
  return std::move(*runner);
}

sched::Budget::Limits budget_of(const Settings& settings) {
  sched::Budget::Limits limits;
  limits.executions = settings.max_executions;
  if (settings.max_cost) {
    limits.micro_dollars = static_cast<sched::MicroDollars>(std::llround(*settings.max_cost * 1e6));
  }
  return limits;
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
    return std::make_unique<exec::NativeRunner>(storage.whole());
  }
  auto executor = exec::Executor::open(storage.whole(), layouts_in(settings));
  if (!executor) {
    return tl::unexpected(executor.error());
  }
  return std::move(*executor);
}

void clear_up_after_executions(const Settings& settings) {
  remove_what_dead_sessions_left(settings);
  exec::Farms::sweep(layouts_in(settings));
  const Expectations none(expectations_in(settings));  // removes what another was writing
}

Execution::Execution(Storage& storage, const Settings& settings, Journal* journal,
                     sched::OnFailure on_failure)
    : Execution(storage, settings, journal, on_failure, runner_or_advice(storage, settings)) {}

Execution::Execution(Storage& storage, const Settings& settings, Journal* journal,
                     sched::OnFailure on_failure, std::unique_ptr<exec::Runner> runner)
    : loop_(storage.waits_for_network() ? kPoolThreadsWithNetwork : kPoolThreads),
      expectations_(expectations_in(settings)),
      witness_(std::make_unique<Witness>(journal, expectations_, storage.clock())) {
  if (runner && !runner->isolated()) {
    without_memos_ = std::make_unique<WithoutMemos>(storage.records());
  }
  object::Records& records = without_memos_ ? *without_memos_ : storage.memos();
  if (storage.waits_for_network()) {
    object::Records& own = storage.records();
    near_ = std::make_unique<sched::Steps>(storage.refilling(), without_memos_ ? *without_memos_ : own);
  }
  sched::Policy policy;
  policy.on_failure = on_failure;
  policy.budget = budget_of(settings);

  std::promise<void> ready;
  std::future<void> is_ready = ready.get_future();
  thread_ = std::thread([this, &storage, &settings, &records, policy, runner = std::move(runner),
                         ready = std::move(ready)]() mutable {
    const Engines engines = make_engines(storage, settings, std::move(runner), loop_);
    coordinator_ = std::make_unique<sched::Coordinator>(loop_, storage.whole(), records, storage.clock(),
                                                        *witness_, engines.places, policy);
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
  if (!near_) {
    return coordinator_->known(thunk);
  }
  // A command waits for this answer: not for a round trip, which would serialise make. What the server knows,
  // the coordinator asks for, many at once.
  auto memo = near_->memo(thunk);
  return memo && *memo && !(*memo)->owes() ? std::move(*memo) : std::nullopt;
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

void Execution::drain(const std::string& reason) {
  coordinator_->drain(reason);
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
  progress.known += now.forgotten;
  progress.finished = now.in(sched::State::Finished) + now.in(sched::State::LetGo) + now.forgotten;
  progress.running = now.in(sched::State::Running);
  progress.hits = now.hits + now.converged;
  return progress;
}

}  // namespace cli
