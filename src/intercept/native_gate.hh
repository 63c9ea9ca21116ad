#pragma once

#include "base/unique_fd.hh"

#include <sys/types.h>

#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace intercept {

// Holds the tools that run natively to a number at once, whatever -j the build was given: each asks before it
// starts, and has its place until its process ends. Meant for tools that wait for no other one (a compiler);
// should those who have a place all be found asleep nevertheless (one writes into a FIFO that the next in the
// queue is to read), one more is let in, so that nothing can hang. Thread-safe.
class NativeGate {
 public:
  explicit NativeGate(unsigned places);
  ~NativeGate();  // stops
  NativeGate(const NativeGate&) = delete;
  NativeGate& operator=(const NativeGate&) = delete;

  // Calls `go` once, now or later, on any thread, without any lock of the gate's held; in order of asking.
  // The process waits for that meanwhile. One that has died is let in at once.
  void enter(pid_t process, std::function<void()> go);

  // Lets everybody in, also whoever comes later. When this returns, the gate's own thread calls nothing any
  // more. By one thread at a time.
  void stop();

 private:
  struct Guest {
    pid_t process;
    base::UniqueFd end;  // readable when it has ended
  };

  struct Waiting {
    pid_t process;
    std::function<void()> go;
  };

  void run();
  void admit();
  void wake();
  [[nodiscard]] bool all_asleep() const;

  size_t places_;
  base::UniqueFd wake_;
  std::mutex mutex_;
  std::list<Guest> guests_;
  std::deque<Waiting> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace intercept
