#include "sandbox/stop_signal.hh"

#include "base/errors.hh"

#include <poll.h>
#include <sys/eventfd.h>

namespace sandbox {

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) {
    throw base::SyscallError("make", "an eventfd");
  }
}

void StopSignal::raise() const {
  // Cannot fail: only 2^64 - 1 raises would fill the counter.
  ::eventfd_write(event_.get(), 1);
}

bool StopSignal::raised() const {
  pollfd poll{event_.get(), POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace sandbox
