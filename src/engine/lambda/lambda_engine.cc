#include "engine/lambda/lambda_engine.hh"

#include "base/quote.hh"
#include "net/aws/sigv4.hh"
#include "net/texts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace engine {

namespace {

using base::FailureKind;
using nlohmann::json;

constexpr unsigned kCrew = 16;
constexpr unsigned kRanOutToLearn = 3;
constexpr unsigned kFailuresHere = 2;       // of a thunk; fewer than sched::Policy::tries_here
constexpr size_t kMostPayload = 6'291'456;  // Lambda quotas: 6 MB, each way
// A new environment may take that long to start, and is billed for it beside the function's own time.
constexpr std::chrono::seconds kLongestStart{10};

// What worker::RuntimeClient reads.
std::string payload_of(const wire::Invocation& invocation) {
  return R"({"gg":")" + net::to_base64(wire::as_body(wire::encode(invocation))) + R"("})";
}

base::Result<wire::Answer> answer_in(const std::string& payload) {
  const json object = json::parse(payload, nullptr, false);
  const auto found = object.is_object() ? object.find("gg") : object.end();
  if (!object.is_object() || found == object.end() || !found->is_string()) {
    return base::failure(
        "a function gave an answer that is none of a gg worker's: " + base::printable(payload.substr(0, 200)),
        FailureKind::RetryElsewhere);
  }
  const auto body = net::from_base64(found->get_ref<const std::string&>());
  if (!body) {
    return base::failure("a function's answer is no base64", FailureKind::RetryHere);
  }
  const auto bytes = wire::from_body(*body);
  return bytes ? wire::decode_answer(*bytes) : tl::unexpected(bytes.error());
}

sched::Capacity capacity_of(const LambdaEngine::Options& options) {
  const auto& functions = options.functions;
  const auto most = [&functions](auto value) {
    return value(*std::max_element(functions.begin(), functions.end(),
                                   [value](const auto& a, const auto& b) { return value(a) < value(b); }));
  };
  const uint64_t memory_mb = most([](const Function& one) { return one.memory_mb; });
  const std::chrono::seconds time = most([](const Function& one) { return one.timeout; });
  const FunctionPrices prices;
  sched::Capacity capacity;
  capacity.name = "lambda";
  capacity.slots = options.slots;
  capacity.job_memory_bytes = memory_mb << 20U;
  capacity.job_time = time;
  capacity.per_second =
      static_cast<sched::MicroDollars>(std::ceil(prices.of(memory_mb, std::chrono::seconds(1))));
  capacity.per_job = 1 + capacity.per_second * static_cast<uint64_t>(kLongestStart.count());
  return capacity;
}

}  // namespace

// Somebody waits for it as long as it is in the table.
struct LambdaEngine::Attempt {
  sched::Job job;
  Done done;
  Stop stop;
  Errands::Asked asked;
  Invoker::Ticket ticket = 0;
  sched::MicroDollars cost = 0;
};

LambdaEngine::LambdaEngine(loop::Loop& loop, const base::Clock& clock, net::aws::Credentials& credentials,
                           const WorkerStores& stores, Options options, LastWord last_word)
    : loop_(loop),
      credentials_(credentials),
      last_word_(std::move(last_word)),
      capacity_(capacity_of(options)),
      errands_(stores, options.errands),
      http_(loop, std::move(options.http)),
      invoker_(loop, http_, clock, std::move(options.service), std::move(options.functions),
               [&credentials](const net::aws::Secrets& expired) {
                 credentials.refused(expired);
                 return credentials.get({});
               }),
      crew_(kCrew, base::Crew::AtEnd::Dropped) {}

LambdaEngine::~LambdaEngine() {
  *alive_ = false;
  for (const auto& [id, attempt] : attempts_) {
    attempt->stop.raise();
    invoker_.cancel(attempt->ticket);
  }
  const Invoker::LeftBehind left = invoker_.left_behind();
  if (left.count > 0) {
    last_word_(fmt::format(
        "{} invocation{} that nobody waits for any more may run for up to {} s, and cost up to ${:.4f}: AWS "
        "Lambda has no way to stop one",
        left.count, left.count == 1 ? "" : "s", left.longest.count(), left.micro_dollars / 1e6));
  }
}

void LambdaEngine::on_loop(std::function<void()> callback) {
  loop_.post([alive = alive_, callback = std::move(callback)] {
    if (*alive) {
      callback();
    }
  });
}

void LambdaEngine::start(sched::Job job, Done done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->job = std::move(job);
  attempt->done = std::move(done);
  attempts_.insert_or_assign(attempt->job.attempt, attempt);
  crew_.run([this, attempt] { prepare(attempt); });
}

void LambdaEngine::cancel(sched::AttemptId id) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) {
    return;
  }
  const AttemptPtr attempt = found->second;
  attempts_.erase(found);
  attempt->stop.raise();
  invoker_.cancel(attempt->ticket);
}

void LambdaEngine::prepare(const AttemptPtr& attempt) {
  if (attempt->stop.raised()) {
    return;
  }
  const base::StillWanted wanted = [&attempt] { return !attempt->stop.raised(); };
  const auto refuse = [&](sched::AttemptFailure failure) {
    on_loop([this, attempt, failure = std::move(failure)] { finish(attempt, tl::unexpected(failure)); });
  };
  auto prepared = errands_.prepare(attempt->job, wanted);
  if (!prepared) {
    refuse(std::move(prepared.error()));
    return;
  }
  auto payload = std::make_shared<const std::string>(payload_of(prepared->invocation));
  if (payload->size() > kMostPayload) {
    refuse(base::Error{fmt::format("it takes {} bytes to say what the thunk needs, and AWS Lambda takes {}",
                                   payload->size(), kMostPayload),
                       FailureKind::RetryElsewhere});
    return;
  }
  auto secrets = credentials_.get(wanted);
  if (!secrets) {
    refuse(base::Error{secrets.error().message, FailureKind::RetryElsewhere});
    return;
  }
  Invoker::Call call{payload, net::aws::sha256_hex(*payload), std::move(*secrets), 0};
  attempt->asked = std::move(prepared->asked);
  on_loop([this, attempt, call = std::move(call)] { invoke(attempt, call); });
}

void LambdaEngine::invoke(const AttemptPtr& attempt, Invoker::Call call) {
  if (attempt->stop.raised()) {
    return;
  }
  call.memory_class = memory_class_of(attempt->job);
  attempt->ticket = invoker_.invoke(
      std::move(call), [this, attempt](Invoker::Outcome outcome) { answered(attempt, std::move(outcome)); });
}

void LambdaEngine::answered(const AttemptPtr& attempt, Invoker::Outcome outcome) {
  attempt->ticket = 0;
  attempt->cost = outcome.cost;
  if (outcome.said == FunctionSaid::OutOfMemory) {
    out_of_memory(attempt->job, outcome);
  }
  if (outcome.said != FunctionSaid::Answer) {
    finish(attempt, tl::unexpected(sched::AttemptFailure(std::move(outcome.error))));
    return;
  }
  crew_.run([this, attempt, payload = std::move(outcome.payload)] { take(attempt, payload); });
}

void LambdaEngine::take(const AttemptPtr& attempt, const std::string& payload) {
  if (attempt->stop.raised()) {
    return;
  }
  const base::StillWanted wanted = [&attempt] { return !attempt->stop.raised(); };
  auto answer = answer_in(payload);
  auto result = answer ? errands_.take(attempt->asked, std::move(*answer), wanted)
                       : Attempted<ir::Result>(failed(std::move(answer.error())));
  if (!result && !result.error().lost.empty()) {
    // What is lost over there is not lost here: with the next try it is sent again.
    errands_.distrust(result.error().lost);
    result = failed({result.error().error.message, FailureKind::RetryHere});
  }
  on_loop([this, attempt, result = std::move(result)]() mutable { finish(attempt, std::move(result)); });
}

void LambdaEngine::finish(const AttemptPtr& attempt, sched::AttemptResult result) {
  const auto found = attempts_.find(attempt->job.attempt);
  if (found == attempts_.end() || found->second != attempt) {
    return;  // cancelled
  }
  attempts_.erase(found);
  // The reducer gives a thunk up that keeps failing here; before that it is to be somebody else's.
  if (!result && result.error().error.kind == FailureKind::RetryHere &&
      ++failures_[attempt->job.thunk] > kFailuresHere) {
    result.error().error.kind = FailureKind::RetryElsewhere;
  }
  attempt->done(attempt->job.attempt, std::move(result), attempt->cost);
}

size_t LambdaEngine::memory_class_of(const sched::Job& job) const {
  size_t memory_class = invoker_.functions().class_for(job.hints.memory_bytes);
  const auto ran_out = ran_out_.find(job.hints.kind);
  if (ran_out != ran_out_.end() && ran_out->second >= kRanOutToLearn) {
    memory_class = std::min(memory_class + 1, invoker_.functions().classes() - 1);
  }
  if (const auto known = classes_of_thunks_.find(job.thunk); known != classes_of_thunks_.end()) {
    memory_class = std::max(memory_class, known->second);
  }
  return memory_class;
}

// The next try gets more, once; then it is not for functions.
void LambdaEngine::out_of_memory(const sched::Job& job, Invoker::Outcome& outcome) {
  const size_t next = memory_class_of(job) + 1;
  const bool was_raised = classes_of_thunks_.count(job.thunk) != 0;
  if (was_raised || next >= invoker_.functions().classes()) {
    outcome.error.kind = FailureKind::RetryElsewhere;
    return;
  }
  classes_of_thunks_.emplace(job.thunk, next);
  if (!job.hints.kind.empty()) {
    ++ran_out_[job.hints.kind];
  }
}

}  // namespace engine
