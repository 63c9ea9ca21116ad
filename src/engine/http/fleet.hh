#pragma once

#include "base/clock.hh"
#include "net/grpc_credentials.hh"
#include "net/http.hh"
#include "wire/message.hh"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace engine {

// The workers that we know of, which of them have room, and which have failed lately. Any thread.
class Fleet {
 public:
  struct Options {
    std::vector<std::string> urls;  // "https://host:port", without a path
    unsigned jobs = 0;              // at each; 0: as many as it says of itself
  };

  // Who is asking, null: nobody in particular. All outlive it.
  Fleet(net::HttpClient& http, net::GrpcCredentials* credentials, const base::Clock& clock, Options options);

  // Asks each what it is. The error: which one is no worker, does not know us, is of another release, or is
  // for another machine than `machine`; or none answers.
  [[nodiscard]] base::Result<void> greet(const std::string& machine);

  // All together.
  [[nodiscard]] unsigned jobs() const;

  // One that takes the job. `number` is for done().
  struct Seat {
    size_t number = 0;
    std::string url;
  };

  // Waits for one. Those that have failed lately come last, and not at once. The error: nobody waits any
  // more.
  [[nodiscard]] base::Result<Seat> take(const base::StillWanted& wanted);

  enum class Went { Well, Busy, Badly };

  // The job has left it.
  void done(const Seat& seat, Went went);

  // A worker's answer, whatever its status; the error says which worker it was.
  [[nodiscard]] base::Result<net::HttpResponse> ask(const std::string& url, net::HttpRequest request,
                                                    const base::StillWanted& wanted);

 private:
  struct Worker {
    std::string url;
    unsigned jobs = 0;
    unsigned running = 0;
    unsigned failures = 0;            // one after the other
    base::Nanoseconds not_before{0};  // steady
  };

  [[nodiscard]] base::Result<wire::Worker> describe(const std::string& url);
  [[nodiscard]] Worker* best();             // under mutex_
  [[nodiscard]] bool are_all_gone() const;  // under mutex_

  net::HttpClient& http_;
  net::GrpcCredentials* credentials_;
  const base::Clock& clock_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Worker> workers_;  // under mutex_
};

}  // namespace engine
