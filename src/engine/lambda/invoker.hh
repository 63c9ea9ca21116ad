#pragma once

#include "base/clock.hh"
#include "engine/lambda/bill.hh"
#include "engine/lambda/function_answer.hh"
#include "engine/lambda/functions.hh"
#include "loop/loop.hh"
#include "net/aws/credentials.hh"
#include "net/http_crowd.hh"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace engine {

// Where functions are.
struct LambdaService {
  std::string region;
  std::string origin;  // "https://lambda.eu-west-1.amazonaws.com", without a path
  std::string host;    // what stands in the header of that name
};

// A signed request to the service, as it goes out.
[[nodiscard]] net::HttpRequest signed_request(const LambdaService& service, const std::string& method,
                                              const std::string& path, net::HttpHeaders headers,
                                              const std::string& payload_hash,
                                              const net::aws::Secrets& secrets, base::Nanoseconds wall);

// Invokes functions, thousands at once, all on the loop thread; knows nothing of thunks. Throttling is waited
// out here; whatever else goes wrong is the caller's to try again, so that each answer is one invocation that
// is billed at most.
class Invoker {
 public:
  struct Call {
    std::shared_ptr<const std::string> payload;  // JSON
    std::string payload_hash;                    // SHA-256 in hex
    net::aws::Secrets secrets;
    size_t memory_class = 0;
  };

  struct Outcome {
    FunctionSaid said = FunctionSaid::Trouble;
    std::string payload;  // of an Answer
    base::Error error;    // else
    sched::MicroDollars cost = 0;
  };

  using Done = std::function<void(Outcome)>;
  using Ticket = uint64_t;

  // Gets secrets that count in place of these, which have expired; on a pool thread. Errors are for people.
  using Renew = std::function<base::Result<net::aws::Secrets>(const net::aws::Secrets& expired)>;

  // All outlive it.
  Invoker(loop::Loop& loop, net::HttpCrowd& http, const base::Clock& clock, LambdaService service,
          std::vector<Function> functions, Renew renew);
  ~Invoker();
  Invoker(const Invoker&) = delete;
  Invoker& operator=(const Invoker&) = delete;

  // `done` is called later, once, unless it is cancelled.
  Ticket invoke(Call call, Done done);

  // What runs over there cannot be stopped; see left_behind().
  void cancel(Ticket ticket);

  [[nodiscard]] const Functions& functions() const { return functions_; }

  // Invocations that nobody waits for any more, and that may still run.
  struct LeftBehind {
    unsigned count = 0;
    std::chrono::seconds longest{0};
    double micro_dollars = 0;  // at most, from now on
  };

  [[nodiscard]] LeftBehind left_behind() const;

 private:
  struct Flight {
    Call call;
    Done done;
    bool is_renewed = false;
    // While it is under way:
    net::HttpCrowd::Ticket request = 0;
    size_t function = 0;
    base::Nanoseconds sent{0};  // steady
  };

  struct Running {
    base::Nanoseconds until{0};  // steady
    uint64_t memory_mb = 0;
  };

  void pump(size_t memory_class);
  void send(Ticket ticket, Flight& flight, size_t function);
  void answered(Ticket ticket, base::Result<net::HttpResponse> response);
  void renew(Ticket ticket);
  void wait(size_t memory_class, Ticket ticket);
  void finish(Ticket ticket, Outcome outcome);
  void pump_later(size_t memory_class);
  [[nodiscard]] Outcome outcome_of(const Flight& flight, const base::Result<net::HttpResponse>& response,
                                   const FunctionAnswer& answer);
  [[nodiscard]] double cost_of(const Flight& flight, const base::Result<net::HttpResponse>& response,
                               const FunctionAnswer& answer) const;

  loop::Loop& loop_;
  net::HttpCrowd& http_;
  const base::Clock& clock_;
  LambdaService service_;
  Functions functions_;
  Renew renew_;
  FunctionPrices prices_;
  Bill bill_;
  Ticket next_ = 1;
  std::unordered_map<Ticket, Flight> flights_;
  std::vector<std::deque<Ticket>> waiting_;                 // by class; what was cancelled is found missing
  std::vector<std::optional<loop::Loop::TimerId>> timers_;  // likewise
  std::vector<Running> left_behind_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what comes back from the pool
};

}  // namespace engine
