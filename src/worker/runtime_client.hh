#pragma once

#include "base/clock.hh"
#include "net/http.hh"
#include "worker/work.hh"

#include <string>

namespace worker {

// The worker as a function: takes its invocations from AWS Lambda's Runtime API ("Using the Lambda runtime
// API", version 2018-06-01), one after the other. A payload is {"gg": BASE64}, and so is the answer: the
// bodies of spec/worker.md, as JSON, which is what Invoke takes.
class RuntimeClient {
 public:
  // `api`: "HOST:PORT", as AWS_LAMBDA_RUNTIME_API has it. `http` has no limit on silence: between two
  // invocations there may be hours. All outlive it.
  RuntimeClient(std::string api, net::HttpClient& http, Workplace& place, Work& work,
                const base::Clock& clock)
      : base_("http://" + std::move(api) + "/2018-06-01/runtime"),
        http_(http),
        place_(place),
        work_(work),
        clock_(clock) {}

  // One invocation: waits for it, does it, answers it. False: the API is gone, and with it the environment.
  [[nodiscard]] bool serve_one();

  // The worker cannot take any, for this reason.
  void give_up(const std::string& why);

 private:
  [[nodiscard]] base::Result<std::string> perform(const net::HttpResponse& next);
  void post(const std::string& path, std::string_view body);

  std::string base_;
  net::HttpClient& http_;
  Workplace& place_;
  Work& work_;
  const base::Clock& clock_;
};

}  // namespace worker
