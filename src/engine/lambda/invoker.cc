#include "engine/lambda/invoker.hh"

#include "base/quote.hh"
#include "engine/lambda/report.hh"
#include "net/aws/sigv4.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <algorithm>

namespace engine {

namespace {

using base::FailureKind;
using std::chrono::milliseconds;

constexpr uint64_t kLongestAnswer = uint64_t{8} << 20U;  // Lambda: 6 MB
// Beyond the function's own time: its start, a queue on the way, and the way back.
constexpr std::chrono::seconds kGrace{40};

FailureKind kind_of(FunctionSaid said) {
  return said == FunctionSaid::Trouble || said == FunctionSaid::NotReady || said == FunctionSaid::Gone ||
                 said == FunctionSaid::OutOfMemory || said == FunctionSaid::Crashed
             ? FailureKind::RetryHere
             : FailureKind::RetryElsewhere;
}

Functions::Went went(FunctionSaid said) {
  switch (said) {
    case FunctionSaid::Throttled:
      return Functions::Went::Throttled;
    case FunctionSaid::Gone:
      return Functions::Went::Gone;
    case FunctionSaid::Trouble:
    case FunctionSaid::NotReady:
    case FunctionSaid::Crashed:
      return Functions::Went::Badly;
    default:  // the thunk's own affair, or ours
      return Functions::Went::Well;
  }
}

}  // namespace

net::HttpRequest signed_request(const LambdaService& service, const std::string& method,
                                const std::string& path, net::HttpHeaders headers,
                                const std::string& payload_hash, const net::aws::Secrets& secrets,
                                base::Nanoseconds wall) {
  net::HttpRequest request;
  request.method = method;
  request.url = service.origin + path;
  const net::aws::SignableRequest signable{method, service.host, path, {}, std::move(headers), payload_hash};
  request.headers = net::aws::sign(signable, secrets, {service.region, "lambda", wall});
  return request;
}

Invoker::Invoker(loop::Loop& loop, net::HttpCrowd& http, const base::Clock& clock, LambdaService service,
                 std::vector<Function> functions, Renew renew)
    : loop_(loop),
      http_(http),
      clock_(clock),
      service_(std::move(service)),
      functions_(std::move(functions), net::with_jitter),
      renew_(std::move(renew)),
      waiting_(functions_.classes()),
      timers_(functions_.classes()) {}

Invoker::~Invoker() {
  *alive_ = false;
  for (const auto& timer : timers_) {
    if (timer) {
      loop_.cancel(*timer);
    }
  }
  for (const auto& [ticket, flight] : flights_) {
    http_.cancel(flight.request);
  }
}

Invoker::Ticket Invoker::invoke(Call call, Done done) {
  const Ticket ticket = next_++;
  const size_t memory_class = call.memory_class;
  flights_.emplace(ticket, Flight{std::move(call), std::move(done)});
  waiting_[memory_class].push_back(ticket);
  pump(memory_class);
  return ticket;
}

void Invoker::cancel(Ticket ticket) {
  const auto found = flights_.find(ticket);
  if (found == flights_.end()) {
    return;
  }
  const Flight& flight = found->second;
  const size_t memory_class = flight.call.memory_class;
  if (flight.request != 0) {
    http_.cancel(flight.request);
    const Function& function = functions_[flight.function];
    left_behind_.push_back({flight.sent + function.timeout, function.memory_mb});
    functions_.done(flight.function, Functions::Went::Well, clock_.steady());
  }
  flights_.erase(found);
  pump_later(memory_class);
}

void Invoker::wait(size_t memory_class, Ticket ticket) {
  waiting_[memory_class].push_front(ticket);  // it has waited longest
  pump(memory_class);
}

void Invoker::pump(size_t memory_class) {
  auto& waiting = waiting_[memory_class];
  while (!waiting.empty()) {
    const auto found = flights_.find(waiting.front());
    if (found == flights_.end()) {  // cancelled
      waiting.pop_front();
      continue;
    }
    const auto function = functions_.take(memory_class, clock_.steady());
    if (!function) {
      break;
    }
    const Ticket ticket = waiting.front();
    waiting.pop_front();
    send(ticket, found->second, *function);
  }
  if (waiting.empty()) {
    return;
  }
  if (functions_.are_gone(memory_class)) {
    pump_later(memory_class);  // where all that wait are told
    return;
  }
  if (const auto next = functions_.next_chance(memory_class); next && !timers_[memory_class]) {
    const base::Nanoseconds soonest = milliseconds(1);
    timers_[memory_class] = loop_.after(std::max(*next - clock_.steady(), soonest), [this, memory_class] {
      timers_[memory_class].reset();
      pump(memory_class);
    });
  }
}

// Not from within a call of the caller.
void Invoker::pump_later(size_t memory_class) {
  loop_.post([this, memory_class, alive = alive_] {
    if (!*alive) {
      return;
    }
    if (!functions_.are_gone(memory_class)) {
      pump(memory_class);
      return;
    }
    for (const Ticket ticket : std::exchange(waiting_[memory_class], {})) {
      Outcome outcome;
      outcome.said = FunctionSaid::Gone;
      outcome.error = {fmt::format("none of the functions is left in {}; {}", service_.region,
                                   advice_on(FunctionSaid::Gone, "")),
                       FailureKind::RetryElsewhere};
      finish(ticket, std::move(outcome));
    }
  });
}

void Invoker::send(Ticket ticket, Flight& flight, size_t function) {
  const Function& to = functions_[function];
  net::HttpRequest request =
      signed_request(service_, "POST", "/2015-03-31/functions/" + to.name + "/invocations",
                     {{"Content-Type", "application/json"},
                      {"X-Amz-Invocation-Type", "RequestResponse"},
                      {"X-Amz-Log-Type", "Tail"}},
                     flight.call.payload_hash, flight.call.secrets, clock_.wall());
  request.most_bytes = kLongestAnswer;
  request.once = true;
  request.limit = to.timeout + kGrace;
  flight.function = function;
  flight.sent = clock_.steady();
  flight.request = http_.send(
      std::move(request), flight.call.payload,
      [this, ticket](base::Result<net::HttpResponse> response) { answered(ticket, std::move(response)); });
}

void Invoker::answered(Ticket ticket, base::Result<net::HttpResponse> response) {
  const auto found = flights_.find(ticket);
  Flight& flight = found->second;
  flight.request = 0;
  const FunctionAnswer answer =
      response ? answer_of(*response)
               : FunctionAnswer{FunctionSaid::Trouble, base::printable(response.error().message)};
  functions_.done(flight.function, went(answer.said), clock_.steady());
  const size_t memory_class = flight.call.memory_class;
  if (answer.said == FunctionSaid::Throttled ||
      (answer.said == FunctionSaid::Gone && !functions_.are_gone(memory_class))) {
    wait(memory_class, ticket);
    return;
  }
  if (answer.said == FunctionSaid::Expired && !std::exchange(flight.is_renewed, true)) {
    renew(ticket);
  } else {
    Outcome outcome = outcome_of(flight, response, answer);
    if (response && answer.said == FunctionSaid::Answer) {
      outcome.payload = std::move(response->body);
    }
    finish(ticket, std::move(outcome));
  }
  pump(memory_class);
}

void Invoker::renew(Ticket ticket) {
  const net::aws::Secrets expired = flights_.at(ticket).call.secrets;
  auto fresh = std::make_shared<base::Result<net::aws::Secrets>>(base::failure(""));
  loop_.offload([renew = renew_, expired, fresh] { *fresh = renew(expired); },
                [this, ticket, expired, fresh, alive = alive_] {
                  if (!*alive) {
                    return;
                  }
                  const auto found = flights_.find(ticket);
                  if (found == flights_.end()) {
                    return;
                  }
                  if (*fresh && !(**fresh == expired)) {
                    found->second.call.secrets = **fresh;
                    wait(found->second.call.memory_class, ticket);
                    return;
                  }
                  Outcome outcome;
                  outcome.said = FunctionSaid::Expired;
                  outcome.error = {
                      *fresh ? "the credentials for AWS have expired; " + advice_on(FunctionSaid::Expired, "")
                             : fresh->error().message,
                      FailureKind::RetryElsewhere};
                  finish(ticket, std::move(outcome));
                });
}

void Invoker::finish(Ticket ticket, Outcome outcome) {
  const auto found = flights_.find(ticket);
  if (found == flights_.end()) {
    return;
  }
  const Done done = std::move(found->second.done);
  flights_.erase(found);
  done(std::move(outcome));
}

Invoker::Outcome Invoker::outcome_of(const Flight& flight, const base::Result<net::HttpResponse>& response,
                                     const FunctionAnswer& answer) {
  Outcome outcome;
  outcome.said = answer.said;
  outcome.cost = bill_.add(cost_of(flight, response, answer));
  if (answer.said != FunctionSaid::Answer) {
    const std::string advice = advice_on(answer.said, answer.what);
    outcome.error = {fmt::format("function {} in {}: {}{}{}", functions_[flight.function].name,
                                 service_.region, answer.what, advice.empty() ? "" : "; ", advice),
                     kind_of(answer.said)};
  }
  return outcome;
}

// What is not known for certain is taken for the most that it can be.
double Invoker::cost_of(const Flight& flight, const base::Result<net::HttpResponse>& response,
                        const FunctionAnswer& answer) const {
  const Function& function = functions_[flight.function];
  const auto took = std::chrono::ceil<milliseconds>(clock_.steady() - flight.sent);
  if (!response) {  // it may run on, or may never have begun
    return prices_.of(function.memory_mb, function.timeout);
  }
  if (const auto report = report_in(response->header("x-amz-log-result"))) {
    return prices_.of(report->memory_mb, report->billed);
  }
  return response->ok() ? prices_.of(function.memory_mb, std::min<milliseconds>(took, function.timeout))
         : answer.said == FunctionSaid::Trouble ? prices_.of(0, milliseconds(0))
                                                : 0;
}

Invoker::LeftBehind Invoker::left_behind() const {
  LeftBehind left;
  const base::Nanoseconds now = clock_.steady();
  for (const Running& running : left_behind_) {
    if (running.until <= now) {
      continue;
    }
    const auto time = std::chrono::ceil<milliseconds>(running.until - now);
    ++left.count;
    left.longest = std::max(left.longest, std::chrono::ceil<std::chrono::seconds>(time));
    left.micro_dollars += prices_.of(running.memory_mb, time);
  }
  return left;
}

}  // namespace engine
