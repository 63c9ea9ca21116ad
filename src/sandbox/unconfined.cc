#include "sandbox/unconfined.hh"

#include "sandbox/program_path.hh"
#include "sandbox/streams.hh"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace sandbox {

namespace {

using std::chrono::steady_clock;

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    result.push_back(const_cast<char*>(string.c_str()));  // posix_spawn's signature; it does not write
  }
  result.push_back(nullptr);
  return result;
}

struct SpawnOptions {
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};

  SpawnOptions() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
  }

  ~SpawnOptions() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }

  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
};

// The leader of a session of its own; -1 and errno if it could not be started.
pid_t spawn(const Job& job, int out, int err) {
  SpawnOptions options;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&options.attributes, &none);
  ::posix_spawnattr_setsigdefault(&options.attributes, &all);
  ::posix_spawnattr_setflags(&options.attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_addopen(&options.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&options.actions, out, 1);
  ::posix_spawn_file_actions_adddup2(&options.actions, err, 2);
  ::posix_spawn_file_actions_addchdir_np(&options.actions, job.working_directory.c_str());
  const std::vector<char*> argv = pointers(job.argv);
  const std::vector<char*> environment = pointers(job.environment);
  const std::string program = program_path(job.argv[0], job.environment);
  pid_t pid = -1;
  errno = ::posix_spawn(&pid, program.c_str(), &options.actions, &options.attributes, argv.data(),
                        environment.data());
  return errno == 0 ? pid : -1;
}

Ended not_started(const Job& job) {
  constexpr int kCannotExecute = 126;
  constexpr int kNotFound = 127;
  Ended ended;
  ended.end = End::NotStarted;
  ended.exit_code = errno == ENOENT ? kNotFound : kCannotExecute;
  ended.note =
      "cannot execute '" + job.argv[0] + "' in '" + job.working_directory + "': " + std::strerror(errno);
  return ended;
}

class Supervision {
 public:
  Supervision(const Job& job, pid_t pid, int pidfd, std::array<Stream, 2> streams, const StopSignal& stop)
      : job_(job), pid_(pid), pidfd_(pidfd), streams_(std::move(streams)), stop_(stop) {}

  Ended wait() {
    const auto started = steady_clock::now();
    while (!over_ && (running_ || streams_[0].pipe || streams_[1].pipe)) {
      look(started);
    }
    ::kill(-pid_, SIGKILL);  // what it left in the background
    int status = 0;
    rusage usage{};
    while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    ended_.execute = steady_clock::now() - started;
    ended_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ended_.user_cpu = time_of(usage.ru_utime);
    ended_.system_cpu = time_of(usage.ru_stime);
    ended_.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024U;
    ended_.standard_output = std::move(streams_[0].bytes);
    ended_.standard_error = std::move(streams_[1].bytes);
    return std::move(ended_);
  }

 private:
  static std::chrono::nanoseconds time_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  }

  void look(steady_clock::time_point started) {
    std::array<pollfd, 4> events{pollfd{running_ ? pidfd_ : -1, POLLIN, 0},
                                 pollfd{streams_[0].pipe ? streams_[0].pipe.get() : -1, POLLIN, 0},
                                 pollfd{streams_[1].pipe ? streams_[1].pipe.get() : -1, POLLIN, 0},
                                 pollfd{stop_.fd(), POLLIN, 0}};
    if (::poll(events.data(), events.size(), left_ms(started)) < 0) {
      return;  // EINTR; the descriptors are good
    }
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (events[i + 1].revents != 0) {
        read(streams_[i]);
      }
    }
    if (events[0].revents != 0) {
      running_ = false;
      ::kill(-pid_, SIGKILL);  // or a process in the background would keep the streams open; pid_ is unreaped
    }
    if (events[3].revents != 0) {
      end(End::Stopped, "stopped: the answer is not wanted any more");
    } else if (running_ && left_ms(started) == 0) {
      end(End::TimedOut,
          "stopped: it had run for more than " + std::to_string(job_.limits.time.count()) + " ms");
    }
  }

  void read(Stream& stream) {
    if (!stream.read_some()) {
      stream.pipe.reset();
    }
    if (stream.bytes.size() > job_.limits.output_bytes) {
      stream.bytes.resize(job_.limits.output_bytes);
      end(End::TooMuchOutput, stream.too_much(job_.limits.output_bytes));
    }
  }

  void end(End end, std::string note) {
    ended_.end = end;
    ended_.note = std::move(note);
    over_ = true;
  }

  [[nodiscard]] int left_ms(steady_clock::time_point started) const {
    if (job_.limits.time.count() == 0) {
      return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(started + job_.limits.time - steady_clock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000));
  }

  const Job& job_;
  pid_t pid_;
  int pidfd_;
  std::array<Stream, 2> streams_;
  const StopSignal& stop_;
  Ended ended_;
  bool running_ = true;
  bool over_ = false;
};

}  // namespace

base::Result<Ended> run_unconfined(const Job& job, const StopSignal& stop) {
  base::Result<Pipe> out = make_pipe();
  base::Result<Pipe> err = make_pipe();
  if (!out || !err) {
    return tl::unexpected<base::Error>(out ? err.error() : out.error());
  }
  const pid_t pid = spawn(job, out->write.get(), err->write.get());
  if (pid < 0) {
    return not_started(job);
  }
  out->write.reset();
  err->write.reset();
  const base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const int error = errno;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::failure(std::string("cannot watch a process: ") + std::strerror(error),
                         base::FailureKind::RetryElsewhere);
  }
  std::array<Stream, 2> streams{Stream{std::move(out->read), "its standard output"},
                                Stream{std::move(err->read), "its standard error"}};
  return Supervision(job, pid, pidfd.get(), std::move(streams), stop).wait();
}

}  // namespace sandbox
