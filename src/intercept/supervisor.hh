#pragma once

#include "base/clock.hh"
#include "base/unique_fd.hh"
#include "intercept/filter.hh"
#include "intercept/ledger.hh"
#include "intercept/observer.hh"
#include "intercept/registry.hh"

#include <sys/types.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace intercept {

// Answers the build's notified system calls, so that no program reads a placeholder as data: the call is held
// until the real file stands in its place, and then goes on. Programs that only move bytes see placeholders
// as they are, and what they make is noted. Whoever opens a shimmed tool gets the real one.
//
// A call is *continued*: the kernel reads its arguments again afterwards, so this is no security boundary.
class Supervisor {
 public:
  struct Settings {
    std::string pristine_root;
    std::map<std::string, std::string> tools;  // shim file -> the tool it stands over
    bool lazy = false;                         // only what somebody reads becomes real
  };

  Supervisor(Settings settings, base::UniqueFd listener, Registry& registry, Ledger& ledger,
             base::Clock& clock, Observer& observer);
  ~Supervisor();

  // No call is answered any more: for when no process of the build is left. Forcing that a call asked for may
  // still be under way, and needs this object.
  void stop();

  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Calls answered so far.
  [[nodiscard]] uint64_t calls() const { return calls_; }

 private:
  struct Impl;

  void run();

  std::unique_ptr<Impl> impl_;
  std::atomic<uint64_t> calls_{0};
  std::thread thread_;
};

}  // namespace intercept
