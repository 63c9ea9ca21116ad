#include "cli/stop_signals.hh"

#include "base/errors.hh"

#include <pthread.h>

namespace cli {

namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, StopSignals::kDrain}) {
    sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    throw base::SyscallError("block", "SIGINT and SIGTERM", error);
  }
}

StopSignals::Watch::Watch(std::function<void(int)> stop)
    : thread_([this, stop = std::move(stop)] {
        const sigset_t set = stop_set();
        while (!over_) {
          int signal = 0;
          if (::sigwait(&set, &signal) != 0) {
            return;
          }
          if (signal != kDrain ||
              !over_) {  // also the last moment's: it has been taken, so nobody else sees it
            stop(signal);
          }
        }
      }) {}

// A signal to the watching thread alone is how it learns that it is over.
StopSignals::Watch::~Watch() {
  over_ = true;
  ::pthread_kill(thread_.native_handle(), kDrain);
  thread_.join();
}

std::unique_ptr<StopSignals::Watch> StopSignals::watch(std::function<void(int)> stop) {
  return std::make_unique<Watch>(std::move(stop));
}

}  // namespace cli
