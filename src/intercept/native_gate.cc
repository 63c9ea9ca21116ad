#include "intercept/native_gate.hh"

#include "base/errors.hh"
#include "intercept/process.hh"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace intercept {

namespace {

// Asleep at so many looks in a row, so far apart: a compiler that waits for its disk is not.
constexpr int kLooks = 5;
constexpr int kLookMilliseconds = 200;

}  // namespace

NativeGate::NativeGate(unsigned places)
    : places_(std::max(1U, places)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) {
    throw base::SyscallError("make", "an eventfd");
  }
  thread_ = std::thread([this] { run(); });
}

NativeGate::~NativeGate() {
  stop();
}

void NativeGate::stop() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void NativeGate::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

void NativeGate::enter(pid_t process, std::function<void()> go) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({process, std::move(go)});
  }
  admit();
  wake();  // there is somebody to watch, or to look at
}

// Lets in as many as there are places for.
void NativeGate::admit() {
  for (;;) {
    std::optional<Waiting> next;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty() || (guests_.size() >= places_ && !ending_)) {
        return;
      }
      next = std::move(queue_.front());
      queue_.pop_front();
      if (auto end = open_process(next->process)) {
        guests_.push_back({next->process, std::move(end)});
      }
    }
    next->go();
  }
}

bool NativeGate::all_asleep() const {
  return std::none_of(guests_.begin(), guests_.end(),
                      [](const Guest& guest) { return is_busy(guest.process); });
}

void NativeGate::run() {
  int looks = 0;
  for (;;) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    bool somebody_waits = false;
    {
      const std::scoped_lock lock(mutex_);
      if (ending_) {
        break;
      }
      somebody_waits = !queue_.empty();
      for (const Guest& guest : guests_) {
        polled.push_back({guest.end.get(), POLLIN, 0});
      }
    }
    const int ready = ::poll(polled.data(), polled.size(), somebody_waits ? kLookMilliseconds : -1);
    uint64_t drained = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &drained, sizeof drained);
    {
      const std::scoped_lock lock(mutex_);
      guests_.remove_if([&](const Guest& guest) {
        return std::any_of(polled.begin() + 1, polled.end(),
                           [&](const pollfd& one) { return one.fd == guest.end.get() && one.revents != 0; });
      });
      looks = ready == 0 && all_asleep() ? looks + 1 : 0;
      if (looks >= kLooks && !guests_.empty()) {
        looks = 0;
        guests_.pop_front();  // has its place no longer, and goes on without
      }
    }
    admit();
  }
  admit();
}

}  // namespace intercept
