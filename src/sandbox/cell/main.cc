#include "sandbox/cell/channel.hh"
#include "sandbox/cell/container.hh"
#include "sandbox/cell/landlock.hh"
#include "sandbox/cell/namespaces.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/descendants.hh"
#include "sandbox/wire.hh"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <new>
#include <optional>
#include <string>

// The cell: a small program (its image is embedded in gg) that lives in namespaces of its own and runs one
// container after another in them. It is single-threaded and small, so that forking costs little, and it
// ends, with whatever runs in it, when gg does. gg starts one for each container that is to run at the same
// time.
namespace cell {
namespace {

using sandbox::wire::How;
using sandbox::wire::Report;

long open_pidfd(pid_t pid) {
  return ::syscall(SYS_pidfd_open, pid, 0);
}

constexpr int kMostUrgent = -20;

struct Cell {
  sandbox::wire::Start start;
  Report& report;  // shared with init
  int gg = -1;     // pidfds
  int self = -1;
  int null = -1;
  int proc = -1;  // with a shared root: /proc
  int nice = 0;   // gg's, and the commands'
};

struct Init {
  pid_t pid = -1;
  int pidfd = -1;
};

Init fork_init(bool shared_root) {
  Init init;
  if (shared_root) {
    init.pid = ::fork();  // places that allow no namespaces may know no clone3 either
    init.pidfd = init.pid > 0 ? static_cast<int>(open_pidfd(init.pid)) : -1;
    return init;
  }
  clone_args arguments{};
  arguments.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_PIDFD;
  arguments.exit_signal = SIGCHLD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&init.pidfd);
  init.pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  return init;
}

// Waits for init's end, for the deadline, and for gg: a request to kill, or its death.
How supervise(const Cell& cell, int init, uint64_t time_ms) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(time_ms);
  std::array<pollfd, 3> events{pollfd{init, POLLIN, 0}, pollfd{sandbox::wire::kSocket, POLLIN, 0},
                               pollfd{cell.gg, POLLIN, 0}};
  for (;;) {
    int wait_ms = -1;
    if (time_ms != 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
      if (left <= 0) {
        return How::TimedOut;
      }
      wait_ms = static_cast<int>(left < 1'000'000 ? left : 1'000'000);
    }
    if (::poll(events.data(), events.size(), wait_ms) <= 0) {
      continue;
    }
    if (events[0].revents != 0) {
      return How::Exited;
    }
    if (events[1].revents != 0 || events[2].revents != 0) {
      return How::Killed;
    }
  }
}

void run_container(const Cell& cell, const Message& message, const Walls& walls) {
  const sandbox::wire::Run run = sandbox::wire::Run::decode(message.bytes);
  cell.report = Report{};
  const Init init = fork_init(cell.start.shared_root);
  if (init.pid < 0) {
    note_failure(cell.report, How::Refused, "fork", "a container");
    return;
  }
  if (init.pid == 0) {
    run_as_init(run, Streams{cell.null, message.out, message.err, message.absent}, walls, cell.report);
  }
  // gg sees the end of the streams when the last process of the container is gone.
  ::close(message.out);
  ::close(message.err);
  ::close(message.absent);
  const How how = supervise(cell, init.pidfd, run.time_ms);
  if (how != How::Exited) {
    ::kill(init.pid, SIGKILL);
  }
  rusage usage{};
  ::wait4(init.pid, nullptr, 0, &usage);
  ::close(init.pidfd);
  if (cell.proc >= 0) {
    sandbox::end_descendants(cell.proc);
  }
  if (how != How::Exited && cell.report.how == How::Vanished) {
    cell.report.how = how;
  }
}

Report& shared_report() {
  void* const page =
      ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    ::_exit(1);
  }
  return *new (page) Report;
}

int serve() {
  Cell cell{sandbox::wire::Start{}, shared_report()};
  cell.gg = static_cast<int>(open_pidfd(::getppid()));
  ::close_range(sandbox::wire::kSocket + 1, static_cast<unsigned>(cell.gg) - 1, 0);
  ::close_range(static_cast<unsigned>(cell.gg) + 1, ~0U, 0);
  cell.self = static_cast<int>(open_pidfd(::getpid()));
  cell.null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::prctl(PR_SET_NAME, "gg-cell", 0, 0, 0);
  // Before thousands of processes that run without a pause an ordinary one waits for its turn for ten seconds
  // and more, and so would who is to stop them. Only root may, and only outside of a user namespace.
  cell.nice = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, 0, kMostUrgent);
  std::optional<Message> first = receive();
  if (!first) {
    return 0;
  }
  cell.start = sandbox::wire::Start::decode(first->bytes);
  const Stage stage(cell.report, Stage::Tell::Gg);
  Walls walls{{static_cast<unsigned short>(cell.start.filter.size() / sizeof(sock_filter)),
               reinterpret_cast<sock_filter*>(cell.start.filter.data())},
              nullptr,
              cell.nice,
              cell.self};
  std::optional<Landlock> landlock;
  if (cell.start.shared_root) {
    cell.proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stage.must(cell.proc, "open", "/proc");
    if (stay_in_shared_root(stage)) {
      cell.report.walls = sandbox::wire::kFilterStands;
    } else {
      walls.filter.len = 0;
    }
    walls.landlock = &landlock.emplace(cell.start.roots);
    cell.report.walls |= static_cast<uint32_t>(landlock->version()) << sandbox::wire::kLandlockShift;
  } else {
    enter_namespaces(cell.start, stage);
  }
  cell.report.how = How::Ready;
  answer(cell.report);
  while (std::optional<Message> message = receive()) {
    run_container(cell, *message, walls);
    answer(cell.report);
  }
  return 0;
}

}  // namespace
}  // namespace cell

int main() {
  return cell::serve();
}
