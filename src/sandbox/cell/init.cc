#include "sandbox/cell/container.hh"
#include "sandbox/cell/mounts.hh"
#include "sandbox/cell/tracer.hh"
#include "sandbox/cell/watch.hh"
#include "sandbox/program_path.hh"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <ctime>
#include <optional>
#include <string>

namespace cell {

namespace {

using sandbox::wire::How;
using sandbox::wire::Report;
using sandbox::wire::Run;

uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t nanoseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(time.tv_usec) * 1'000U;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    result.push_back(const_cast<char*>(string.c_str()));  // execve's signature; it does not write
  }
  result.push_back(nullptr);
  return result;
}

// The cell's death kills init, and with it the container. A cell that died before the call is found by its
// pidfd.
void die_with_parent(int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd gone{parent, POLLIN, 0};
  if (::poll(&gone, 1, 0) != 0) {
    ::_exit(1);
  }
}

void send_root(const Stage& stage) {
  const int root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  stage.must(root, "open", "the container's root");
  char byte = sandbox::wire::kRootComes;
  iovec data{&byte, 1};
  std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &root, sizeof root);
  stage.must(::sendmsg(sandbox::wire::kSocket, &message, MSG_NOSIGNAL), "send", "the container's root");
  ::close(root);
  ::close(sandbox::wire::kSocket);
}

void drop_capabilities(const Stage& stage) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  stage.must(::syscall(SYS_capset, &header, none.data()), "drop", "capabilities");
}

void limit(int resource, rlim_t soft, rlim_t hard) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  const rlim_t most = hard < now.rlim_max ? hard : now.rlim_max;  // unprivileged: only ever down
  const rlimit wanted{soft < most ? soft : most, most};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &wanted);
}

// The same everywhere, whatever the shell that started gg had set.
void set_limits(const Run& run) {
  constexpr rlim_t kStack = 8UL << 20U;
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_STACK, kStack, RLIM_INFINITY);
  limit(RLIMIT_NOFILE, 1024, 4096);
  if (run.processes != 0) {
    const rlim_t cell_and_init = 2;
    // So far beyond the limit that the watch, which ends all, sees it soon: a herd grows slowly in the end.
    const rlim_t most = run.processes + run.processes / 4 + 1 + cell_and_init;
    limit(RLIMIT_NPROC, most, most);
  }
}

// Runs in the memory of init (vfork): writes nothing but `report`.
[[noreturn]] void become(const Run& run, const std::string& program, char* const* argv,
                         char* const* environment, const Streams& streams, const Walls& walls,
                         Report& report) {
  const auto refuse = [&report](How how, std::string_view attempt, const std::string& subject) {
    note_failure(report, how, attempt, subject);
    ::_exit(127);
  };
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (walls.landlock != nullptr && walls.landlock->restrict_self() != 0) {
    refuse(How::Refused, "restrict", "the command by Landlock");
  }
  if (::dup2(streams.in, 0) < 0 || ::dup2(streams.out, 1) < 0 || ::dup2(streams.err, 2) < 0 ||
      ::close_range(3, ~0U, 0) != 0) {
    refuse(How::Refused, "set up", "the standard streams");
  }
  if (::chdir(run.working_directory.c_str()) != 0) {
    refuse(How::NotStarted, "enter working directory", run.working_directory);
  }
  ::umask(022);
  ::setpriority(PRIO_PROCESS, 0, walls.nice);
  set_limits(run);
  if (walls.landlock != nullptr && run.disk_bytes != 0) {
    limit(RLIMIT_FSIZE, run.disk_bytes, run.disk_bytes);
  }
  if (streams.absent >= 0 && Tracer::offer() < 0) {
    refuse(How::Refused, "trace", "the command");
  }
  if (walls.filter.len != 0 && ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &walls.filter) != 0) {
    refuse(How::Refused, "install", "the seccomp filter");
  }
  ::execve(program.c_str(), argv, environment);
  refuse(How::NotStarted, "execute", run.argv[0]);
  ::_exit(127);
}

// Reaps whatever ends until `command` does, looking at the limits in between.
int wait_for(pid_t command, bool owns_namespace, Watch& watch, std::optional<Tracer>& tracer, rusage& usage,
             Report& report) {
  for (;;) {
    int status = 0;
    const pid_t changed = ::wait4(-1, &status, __WALL | (watch.idle() ? 0 : WNOHANG), &usage);
    const bool has_stopped = changed > 0 && WIFSTOPPED(status);
    if (changed == command && !has_stopped) {
      return status;
    }
    if (has_stopped && tracer) {
      tracer->stopped(changed, status);  // nobody stops unless traced: there is no WUNTRACED
    } else if (has_stopped) {
      let_go(changed, status);
    } else if (changed > 0 && tracer) {
      tracer->ended(changed);
    }
    if (watch.idle()) {
      continue;
    }
    // Not only where nobody has ended: orphans may come faster than they are reaped.
    const How exceeded = watch.look();
    if (exceeded != How::Exited) {
      report.how = exceeded;
      // The end of init kills them, too, but the kernel first takes back its descriptors, among them a mount:
      // that waits for a thread of the kernel's own, which a herd keeps waiting in turn, and grows meanwhile.
      if (owns_namespace) {
        ::kill(-1, SIGKILL);
      }
      ::_exit(1);
    }
    if (changed == 0) {
      watch.pause();
    }
  }
}

}  // namespace

void run_as_init(const Run& run, const Streams& streams, const Walls& walls, Report& report) {
  const uint64_t started = now_ns();
  die_with_parent(walls.parent);
  const Stage stage(report);
  const bool owns_namespace = walls.landlock == nullptr;
  const int proc =
      owns_namespace ? enter_root(run, stage) : ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  send_root(stage);
  Watch watch(run, proc, owns_namespace ? Watch::Whose::All : Watch::Whose::Descendants);
  drop_capabilities(stage);
  const std::string program = sandbox::program_path(run.argv[0], run.environment);
  const std::vector<char*> argv = pointers(run.argv);
  const std::vector<char*> environment = pointers(run.environment);
  const uint64_t ready = now_ns();
  report.set_up_ns = ready - started;
  report.how = How::Exited;
  const pid_t command = ::vfork();  // the command's process shares our memory until it executes: no copy
  stage.must(command, "fork", "the command");
  if (command == 0) {
    become(run, program, argv.data(), environment.data(), streams, walls, report);
  }
  if (report.how != How::Exited) {
    ::_exit(1);
  }
  ::close_range(0, 2, 0);
  rusage usage{};
  std::optional<Tracer> tracer;
  if (streams.absent >= 0) {
    tracer.emplace(streams.absent);
    stage.must(tracer->accept(command), "trace", "the command");
  }
  report.how = How::Vanished;  // until we know better
  const int status = wait_for(command, owns_namespace, watch, tracer, usage, report);
  report.status = status;
  report.execute_ns = now_ns() - ready;
  report.user_cpu_ns = nanoseconds(usage.ru_utime);
  report.system_cpu_ns = nanoseconds(usage.ru_stime);
  report.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024U;
  report.how = How::Exited;
  ::_exit(0);
}

}  // namespace cell
