#include "base/subprocess.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace base {

namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw SyscallError("make", "pipe");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// In memory, so that a kill leaves no file behind.
UniqueFd holding(const std::string& input) {
  UniqueFd fd(input.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                            : ::memfd_create("input", MFD_CLOEXEC));
  if (!fd) {
    throw SyscallError("make", "a subprocess's input");
  }
  if (!input.empty()) {
    write_all(fd.get(), input, "a subprocess's input");
    if (::lseek(fd.get(), 0, SEEK_SET) < 0) {
      throw SyscallError("seek in", "a subprocess's input");
    }
  }
  return fd;
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

// Between fork and exec only async-signal-safe calls: other threads may hold any lock.
[[noreturn]] void become(const Subprocess& subprocess, char* const* argv, char* const* environment, int in,
                         int out, int err, int failed) {
  ::setpgid(0, 0);
  if (::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(err, 2) >= 0 &&
      (subprocess.root.empty() || ::chroot(subprocess.root.c_str()) == 0) &&
      (subprocess.working_directory.empty() || ::chdir(subprocess.working_directory.c_str()) == 0)) {
    ::execve(subprocess.program.c_str(), argv, environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(failed, &error, sizeof error);
  ::_exit(127);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads both streams until both end; false when the time is over.
bool drain(int out, int err, Completed& completed, std::chrono::steady_clock::time_point deadline) {
  std::array<pollfd, 2> streams{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string*, 2> sinks{&completed.out, &completed.err};
  std::array<char, 1U << 16U> chunk{};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return false;
    }
    if (::poll(streams.data(), streams.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      throw SyscallError("poll", "a subprocess");
    }
    for (size_t i = 0; i < streams.size(); ++i) {
      if (streams[i].fd < 0 || streams[i].revents == 0) {
        continue;
      }
      const ssize_t got = ::read(streams[i].fd, chunk.data(), chunk.size());
      if (got > 0) {
        sinks[i]->append(chunk.data(), static_cast<size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        streams[i].fd = -1;
      }
    }
  }
  return true;
}

}  // namespace

Completed run(const Subprocess& subprocess) {
  const std::vector<char*> argv = pointers(subprocess.argv);
  const std::vector<char*> environment = pointers(subprocess.environment);
  const UniqueFd in = holding(subprocess.input);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe failed = make_pipe();
  const auto deadline = std::chrono::steady_clock::now() + subprocess.timeout;
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw SyscallError("fork for", subprocess.program);
  }
  if (pid == 0) {
    become(subprocess, argv.data(), environment.data(), in.get(), out.write.get(), err.write.get(),
           failed.write.get());
  }
  out.write.reset();
  err.write.reset();
  failed.write.reset();

  Completed completed;
  const bool in_time = drain(out.read.get(), err.read.get(), completed, deadline);
  if (!in_time) {
    ::kill(-pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  int error = 0;
  if (::read(failed.read.get(), &error, sizeof error) == ssize_t{sizeof error}) {
    throw SyscallError("start", subprocess.program, error);
  }
  if (!in_time) {
    throw OperatorError("'" + subprocess.program + "' gave no answer within " +
                        std::to_string(subprocess.timeout.count()) + " ms and was killed");
  }
  completed.exit_code = exit_code_of(status);
  return completed;
}

}  // namespace base
