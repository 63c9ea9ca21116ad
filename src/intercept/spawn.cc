#include "intercept/spawn.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "intercept/filter.hh"

#include <dirent.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

// WAIT_KILLABLE_RECV came with 5.19; headers may be older than the kernel.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace intercept {

namespace {

// ---- messages on the control socket (SOCK_SEQPACKET)

enum class Say : int {
  BuildForked,  // keeper -> gg: value = pid
  Ready,   // build -> gg: about to be executed; carries the listener if there is one, value = errno if not
  Failed,  // build -> gg: value = errno, text = the step
  NotExecutable,  // build -> gg: value = errno of execve
  Ended,          // keeper -> gg: value = wait status; nothing of the build is left
  Signal,         // gg -> keeper: value = number
};

struct Message {
  Say say = Say::Failed;
  int value = 0;
  std::array<char, 480> text{};
};

void send_message(int socket, Say say, int value, const char* text = "", int fd = -1) {
  Message message;
  message.say = say;
  message.value = value;
  std::strncpy(message.text.data(), text, message.text.size() - 1);
  iovec bytes{&message, sizeof message};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  if (fd >= 0) {
    header.msg_control = ancillary.data();
    header.msg_controllen = ancillary.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

struct Received {
  Message message;
  base::UniqueFd fd;
};

std::optional<Received> receive(int socket) {
  Received received;
  iovec bytes{&received.message, sizeof received.message};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  header.msg_control = ancillary.data();
  header.msg_controllen = ancillary.size();
  ssize_t got = 0;
  // Who closes its end with messages unread resets the other's; what it had said before is there all the
  // same, behind that one error.
  do {
    got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && (errno == EINTR || errno == ECONNRESET));
  if (got != ssize_t{sizeof received.message}) {
    return std::nullopt;
  }
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    received.fd.reset(fd);
  }
  return received;
}

// ---- between fork and exec: what the build process does to itself

struct StepFailed {
  const char* step;
  const char* subject;
  int error;
};

void must(bool ok, const char* step, const char* subject) {
  if (!ok) {
    throw StepFailed{step, subject, errno};
  }
}

void write_proc(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  must(fd >= 0 && ::write(fd, text, std::strlen(text)) >= 0, "write", path);
  ::close(fd);
}

// User and group stay what they are: one line each, for ourselves.
void enter_user_namespace(uid_t user, gid_t group) {
  must(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "make a user and mount namespace", "");
  std::array<char, 64> line{};
  write_proc("/proc/self/setgroups", "deny");
  (void)std::snprintf(line.data(), line.size(), "%u %u 1\n", user, user);
  write_proc("/proc/self/uid_map", line.data());
  (void)std::snprintf(line.data(), line.size(), "%u %u 1\n", group, group);
  write_proc("/proc/self/gid_map", line.data());
}

void make_namespace(const Launch& launch) {
  const uid_t user = ::geteuid();
  // Run as real root a mount namespace is enough, and a user namespace would break chown and install.
  if (user != 0) {
    enter_user_namespace(user, ::getegid());
  } else if (::unshare(CLONE_NEWNS) != 0) {
    enter_user_namespace(user, ::getegid());  // root of a container without CAP_SYS_ADMIN
  }
  // Slave, not private: what is mounted outside later (an automounter) is seen inside as well.
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0, "make the mounts our own below", "/");
  const char* root = launch.pristine_root.c_str();
  must(::mount("/", root, nullptr, MS_BIND | MS_REC, nullptr) == 0, "bind / to", root);
  for (const Bind& bind : launch.binds) {
    must(::mount(bind.shim.c_str(), bind.tool.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind the shim over",
         bind.tool.c_str());
  }
}

int install_filter(const sock_fprog& program) {
  // A privileged build may run setuid programs; they need this process to be without no_new_privs.
  if (::geteuid() != 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  }
  const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                            flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (listener < 0 && errno == EINVAL) {
    listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  }
  if (listener < 0 && errno == EACCES) {  // root without CAP_SYS_ADMIN
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  }
  return static_cast<int>(listener);
}

// All that the children need, made before the fork: other threads may hold any lock afterwards.
struct Prepared {
  const Launch& launch;
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::vector<sock_filter> filter;

  static std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const std::string& string : strings) {
      result.push_back(const_cast<char*>(string.c_str()));  // execve's signature; it does not write
    }
    result.push_back(nullptr);
    return result;
  }

  explicit Prepared(const Launch& given)
      : launch(given),
        argv(pointers(given.argv)),
        environment(pointers(given.environment)),
        filter(given.supervise ? filter_program() : std::vector<sock_filter>{}) {}
};

[[noreturn]] void become_build(const Prepared& prepared, int control) {
  ::signal(SIGPIPE, SIG_DFL);  // gg itself ignores it, and what is ignored survives exec
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  try {
    if (prepared.launch.namespaces) {
      make_namespace(prepared.launch);
    }
    must(::chdir(prepared.launch.working_directory.c_str()) == 0, "enter",
         prepared.launch.working_directory.c_str());
  } catch (const StepFailed& failed) {
    std::array<char, 400> text{};
    (void)std::snprintf(text.data(), text.size(), "%s '%s'", failed.step, failed.subject);
    send_message(control, Say::Failed, failed.error, text.data());
    ::_exit(125);
  }
  int listener = -1;
  int refused = 0;
  if (prepared.launch.supervise) {
    const sock_fprog program{static_cast<unsigned short>(prepared.filter.size()),
                             const_cast<sock_filter*>(prepared.filter.data())};
    listener = install_filter(program);
    refused = listener < 0 ? errno : 0;
  }
  send_message(control, Say::Ready, refused, "", listener);
  if (refused != 0) {
    ::_exit(125);  // what it wrote of placeholders, it would read as data
  }
  if (listener >= 0) {
    ::close(listener);
  }
  ::execve(prepared.launch.program.c_str(), prepared.argv.data(), prepared.environment.data());
  send_message(control, Say::NotExecutable, errno);
  ::_exit(errno == ENOENT ? 127 : 126);
}

// ---- the keeper

struct Process {
  pid_t parent = 0;
  bool at_rest = false;  // stopped, or dead already
};

Process process_in_stat(const char* text) {
  const char* close = std::strrchr(text, ')');
  if (close == nullptr || std::strlen(close) < 5) {
    return {};
  }
  return {static_cast<pid_t>(std::strtol(close + 4, nullptr, 10)), std::strchr("TtZX", close[2]) != nullptr};
}

std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const pid_t pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid <= 0) {
      continue;
    }
    const std::string path = std::string("/proc/") + entry->d_name + "/stat";
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 512> text{};
    if (fd >= 0) {
      if (::read(fd, text.data(), text.size() - 1) > 0) {
        processes[pid] = process_in_stat(text.data());
      }
      ::close(fd);
    }
  }
  return processes;
}

// Everything below this process.
std::map<pid_t, Process> descendants() {
  const auto processes = all_processes();
  const pid_t self = ::getpid();
  std::map<pid_t, Process> below;
  for (const auto& [pid, process] : processes) {
    pid_t up = process.parent;
    for (auto at = processes.find(up); up != self && at != processes.end() && up > 1;
         at = processes.find(up)) {
      up = at->second.parent;
    }
    if (up == self) {
      below.emplace(pid, process);
    }
  }
  return below;
}

// To children before their parents, mostly, so that a shell with job control does not see them stopped.
void send_to(const std::map<pid_t, Process>& processes, int number) {
  for (auto one = processes.rbegin(); one != processes.rend(); ++one) {
    ::kill(one->first, number);
  }
}

// Returns them when they stand still, so that none is on its way into the world unseen. One may not be able
// to: it waits for an answer of gg, or for its child between vfork and exec.
std::map<pid_t, Process> stopped_descendants() {
  constexpr int kSweeps = 20;
  constexpr timespec kMoment{0, 1'000'000};
  std::map<pid_t, Process> known;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    std::map<pid_t, Process> found = descendants();
    const bool at_rest =
        std::all_of(found.begin(), found.end(), [](const auto& one) { return one.second.at_rest; });
    send_to(found, SIGSTOP);
    known = std::move(found);
    if (at_rest) {
      break;
    }
    ::nanosleep(&kMoment, nullptr);
  }
  return known;
}

// Everything below this process gets the signal at one moment: were a compiler's driver asked first, it would
// clear away what its cc1 goes on to write; and a process just forked would never be asked.
void signal_descendants(int number) {
  if (number == SIGKILL) {  // leaves no time for anything
    send_to(descendants(), SIGKILL);
    return;
  }
  const auto stopped = stopped_descendants();
  send_to(stopped, number);
  send_to(stopped, SIGCONT);
}

// False: some child has not ended yet.
bool all_reaped() {
  int status = 0;
  pid_t gone = 0;
  while ((gone = ::waitpid(-1, &status, WNOHANG)) > 0) {
  }
  return gone < 0 && errno == ECHILD;
}

// Until nothing is left. Whoever has something to clear away, as a compiler has, is asked first. A fork bomb
// could outrun one sweep; zombies are reaped in between. Whatever is left has come to be this process's
// child, so most builds end without a sweep, which reads all of /proc.
void kill_all() {
  constexpr timespec kMoment{0, 5'000'000};
  constexpr int kMomentsOfGrace = 200;  // a busy machine may be long in letting a process run
  if (all_reaped()) {
    return;
  }
  signal_descendants(SIGTERM);
  for (int moment = 0; moment < kMomentsOfGrace && !all_reaped(); ++moment) {
    ::nanosleep(&kMoment, nullptr);
  }
  while (!all_reaped()) {
    signal_descendants(SIGKILL);
    int status = 0;
    ::waitpid(-1, &status, 0);
  }
}

// Reaps what has ended; the build's status once it is among it.
std::optional<int> reap(pid_t build) {
  std::optional<int> ended;
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == build) {
      ended = status;
    }
  }
  return ended;
}

void ignore_terminal_signals() {
  // The keeper outlives a Ctrl-C to see that nothing else does.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU}) {
    struct sigaction ignore {};

    ignore.sa_handler = SIG_IGN;
    ::sigaction(number, &ignore, nullptr);
  }
}

int watch_children() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &children, nullptr);
  return ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

[[noreturn]] void be_keeper(const Prepared& prepared, int control) {
  // What gg holds open (its session's lock) must not live on in here.
  constexpr int kControl = 3;
  if (control != kControl) {
    ::dup3(control, kControl, O_CLOEXEC);
  }
  ::syscall(SYS_close_range, kControl + 1, ~0U, 0);
  ::prctl(PR_SET_NAME, "gg-keeper", 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const int events = watch_children();
  const pid_t build = ::fork();
  if (build == 0) {
    become_build(prepared, kControl);
  }
  ignore_terminal_signals();
  if (build < 0) {
    send_message(kControl, Say::Failed, errno, "fork");
    ::_exit(1);
  }
  send_message(kControl, Say::BuildForked, build);
  for (std::optional<int> ended; !ended;) {
    std::array<pollfd, 2> polled{pollfd{kControl, POLLIN, 0}, pollfd{events, POLLIN, 0}};
    ::poll(polled.data(), polled.size(), -1);
    signalfd_siginfo drained{};
    while (::read(events, &drained, sizeof drained) > 0) {
    }
    if (polled[0].revents != 0) {
      const auto order = receive(kControl);
      if (!order) {  // gg is gone
        kill_all();
        ::_exit(1);
      }
      signal_descendants(order->message.value);
    }
    ended = reap(build);
    if (ended) {
      kill_all();
      send_message(kControl, Say::Ended, *ended);
    }
  }
  ::_exit(0);
}

std::string system_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace

Build::Build(const Launch& launch) {
  const Prepared prepared(launch);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw base::SyscallError("make", "the keeper's socket");
  }
  control_.reset(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  keeper_ = ::fork();
  if (keeper_ < 0) {
    throw base::SyscallError("fork", "the build's keeper");
  }
  if (keeper_ == 0) {
    be_keeper(prepared, theirs.get());
  }
}

Build::~Build() {
  control_.reset();  // the keeper takes that for gg's death, and cleans up
  int status = 0;
  while (::waitpid(keeper_, &status, 0) < 0 && errno == EINTR) {
  }
}

base::Result<Build::Started> Build::started() {
  Started started;
  bool ready = false;
  while (started.pid == 0 || !ready) {  // in either order: they come from two processes
    auto received = receive(control_.get());
    if (!received) {
      return base::failure("the build's keeper ended before the build began");
    }
    const Message& message = received->message;
    if (message.say == Say::BuildForked) {
      started.pid = message.value;
    } else if (message.say == Say::Ready) {
      ready = true;
      started.listener = std::move(received->fd);
      if (message.value != 0) {
        started.supervision_refused = system_text(message.value);
      }
    } else if (message.say == Say::Failed) {
      return base::failure(std::string(message.text.data()) + ": " + system_text(message.value));
    }
  }
  return started;
}

base::Result<Ended> Build::wait() {
  std::optional<int> not_executable;
  while (const auto received = receive(control_.get())) {
    if (received->message.say == Say::NotExecutable) {
      not_executable = received->message.value;
    } else if (received->message.say == Say::Ended) {
      if (not_executable) {
        return base::failure(system_text(*not_executable), base::FailureKind::Deterministic);
      }
      return Ended{received->message.value};
    }
  }
  return base::failure("the build's keeper was killed");
}

void Build::signal(int number) {
  send_message(control_.get(), Say::Signal, number);
}

Abilities probe_abilities(const std::string& scratch) {
  const base::TemporaryDirectory folder(scratch, "probe-");
  Launch launch;
  launch.argv = {"gg-probe"};
  launch.working_directory = "/";
  launch.namespaces = true;
  launch.supervise = true;
  launch.pristine_root = folder.path() + "/root";
  launch.binds = {{folder.path() + "/shim", folder.path() + "/tool"}};
  launch.program = launch.binds[0].tool;  // nothing is run: it is no program
  base::make_directories(launch.pristine_root);
  base::write_file_atomically(launch.binds[0].shim, "");
  base::write_file_atomically(launch.binds[0].tool, "");
  Abilities abilities;
  const auto try_once = [&] {
    Build build(launch);
    auto started = build.started();
    if (started) {
      abilities.supervision = static_cast<bool>(started->listener);
      abilities.supervision_refused = started->supervision_refused;
      started->listener.reset();  // nobody answers for its execve, so that fails
      (void)build.wait();
    }
    return started.has_value() ? std::string() : started.error().message;
  };
  abilities.namespaces_refused = try_once();
  abilities.namespaces = abilities.namespaces_refused.empty();
  if (!abilities.namespaces) {
    launch.namespaces = false;
    (void)try_once();
  }
  return abilities;
}

}  // namespace intercept
