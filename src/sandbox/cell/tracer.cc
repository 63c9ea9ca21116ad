#include "sandbox/cell/tracer.hh"

#include "sandbox/cell/path_calls.hh"

#include <fcntl.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

namespace cell {

namespace {

constexpr size_t kPage = 4096;  // a read never crosses into a page that may not be there

constexpr int kSystemCallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

// <sys/ptrace.h> and <linux/ptrace.h> clash; this one takes plain numbers.
long trace(long request, pid_t thread, uint64_t address, uint64_t data) {
  return ::syscall(SYS_ptrace, request, thread, address, data);
}

void go_on(pid_t thread, int signal) {
  trace(PTRACE_SYSCALL, thread, 0, static_cast<uint64_t>(signal));
}

std::string read_path(pid_t thread, uint64_t address) {
  std::string path;
  std::array<char, kPage> chunk{};
  while (path.size() < PATH_MAX) {
    const iovec local{chunk.data(), kPage - address % kPage};
    const iovec remote{reinterpret_cast<void*>(address), local.iov_len};
    const ssize_t got = ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
    if (got <= 0) {
      return "";
    }
    const size_t length = ::strnlen(chunk.data(), static_cast<size_t>(got));
    path.append(chunk.data(), length);
    if (length < static_cast<size_t>(got)) {
      return path;
    }
    address += length;
  }
  return "";
}

// Where a relative path of the thread begins, as init sees it, which has the same root; "" if it has no such
// directory.
std::string directory_of(pid_t thread, int directory) {
  const std::string proc = "/proc/" + std::to_string(thread);
  const std::string link = directory == AT_FDCWD ? proc + "/cwd" : proc + "/fd/" + std::to_string(directory);
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size <= 0 || target[0] != '/' ? "" : std::string(target.data(), static_cast<size_t>(size));
}

// An existing file that is opened so is not emptied, so that what it held before could matter, although the
// call itself does not fail where there is none.
bool would_keep_what_is_there(uint64_t flags) {
  return (flags & O_CREAT) != 0 && (flags & (O_TRUNC | O_EXCL)) == 0;
}

}  // namespace

Tracer::~Tracer() {
  ::close(out_);
}

long Tracer::offer() {
  return trace(PTRACE_TRACEME, 0, 0, 0);
}

long Tracer::accept(pid_t command) {
  int status = 0;
  if (::waitpid(command, &status, __WALL) != command || !WIFSTOPPED(status)) {
    errno = ECHILD;
    return -1;
  }
  const uint64_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                           PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (const long result = trace(PTRACE_SETOPTIONS, command, 0, options); result < 0) {
    return result;
  }
  asking_[command];
  go_on(command, 0);
  return 0;
}

void Tracer::stopped(pid_t thread, int status) {
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  if (signal == kSystemCallStop) {
    in_system_call(thread);
    go_on(thread, 0);
  } else if (event != 0) {
    go_on(thread, 0);
  } else if (asking_.emplace(thread, "").second) {
    go_on(thread, 0);  // a new one's first stop, a SIGSTOP of ptrace's own making
  } else {
    // A signal is handed on. Where it has stopped the whole group already, that cannot be asked for, and the
    // process goes on: nobody is there who could continue it later.
    siginfo_t info{};
    const bool on_its_way = trace(PTRACE_GETSIGINFO, thread, 0, reinterpret_cast<uint64_t>(&info)) == 0;
    go_on(thread, on_its_way ? signal : 0);
  }
}

void Tracer::ended(pid_t thread) {
  asking_.erase(thread);
}

void let_go(pid_t thread, int status) {
  const int signal = WSTOPSIG(status);
  siginfo_t info{};
  const bool on_its_way = trace(PTRACE_GETSIGINFO, thread, 0, reinterpret_cast<uint64_t>(&info)) == 0;
  // execve sends a tracee a SIGTRAP, in its own name, that would not be there but for the tracing.
  const bool executed = signal == SIGTRAP && info.si_code == SI_USER && info.si_pid == thread;
  trace(PTRACE_DETACH, thread, 0, static_cast<uint64_t>(on_its_way && !executed ? signal : 0));
}

void Tracer::in_system_call(pid_t thread) {
  ptrace_syscall_info info{};
  if (trace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, reinterpret_cast<uint64_t>(&info)) <= 0) {
    return;  // it has just been killed
  }
  std::string& asking = asking_[thread];
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    asking = path_asked(thread, info.arch, info.entry.nr, info.entry.args);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (!asking.empty() && (info.exit.rval == -ENOENT || info.exit.rval == -ENOTDIR)) {
      absent(asking);
    }
    asking.clear();
  }
}

std::string Tracer::path_asked(pid_t thread, uint32_t architecture, uint64_t number,
                               const unsigned long long* arguments) {
  const PathCall* const call = path_call(architecture, number);
  if (call == nullptr) {
    return "";
  }
  std::string path = read_path(thread, arguments[call->path]);
  if (path.empty()) {
    return "";
  }
  if (path[0] != '/') {
    const int directory = call->directory < 0 ? AT_FDCWD : static_cast<int>(arguments[call->directory]);
    const std::string base = directory_of(thread, directory);
    if (base.empty()) {
      return "";
    }
    path.insert(0, base == "/" ? base : base + "/");
  }
  if (call->open_flags >= 0 && would_keep_what_is_there(arguments[call->open_flags]) &&
      ::access(path.c_str(), F_OK) != 0) {
    absent(path);
  }
  return path;
}

void Tracer::absent(const std::string& path) {
  if (!told_.insert(path).second) {
    return;
  }
  std::string_view rest(path.c_str(), path.size() + 1);
  while (!rest.empty()) {
    const ssize_t written = ::write(out_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) {
      return;  // gg is gone
    }
    rest.remove_prefix(static_cast<size_t>(written > 0 ? written : 0));
  }
}

}  // namespace cell
