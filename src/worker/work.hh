#pragma once

#include "net/http.hh"
#include "wire/message.hh"
#include "worker/inputs.hh"
#include "worker/workplace.hh"

#include <memory>
#include <string>

namespace worker {

// Does what one invocation asks for: fetch, execute, deliver. Any number of threads, each with a lease of its
// own.
class Work {
 public:
  struct Options {
    std::string name;                   // of this worker
    std::chrono::milliseconds time{0};  // of a command, at most; 0: none
    uint64_t memory_bytes = 0;          // likewise
  };

  // Both outlive it.
  Work(Workplace& place, net::HttpClient& http, Options options)
      : place_(place), http_(http), options_(std::move(options)), inputs_(http) {}

  // Blocks. Always an answer: what goes wrong is a failure with its kind. Ends soon after `stop` is raised.
  [[nodiscard]] wire::Answer perform(const wire::Invocation& invocation,
                                     std::unique_ptr<Workplace::Lease> lease,
                                     const sandbox::StopSignal& stop);

  // What it says of itself.
  [[nodiscard]] wire::Worker describe() const;

 private:
  struct Outcome {
    wire::Answer answer;
    bool disk_is_full = false;
  };

  [[nodiscard]] Outcome attempt(const wire::Invocation& invocation, Workplace::Lease& lease,
                                const sandbox::StopSignal& stop);
  [[nodiscard]] sandbox::Limits limits_of(const wire::Invocation& invocation) const;

  Workplace& place_;
  net::HttpClient& http_;
  Options options_;
  Inputs inputs_;
};

}  // namespace worker
