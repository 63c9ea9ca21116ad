#include "sandbox/cell_process.hh"

#include "sandbox/streams.hh"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <vector>

namespace sandbox {

namespace {

using base::FailureKind;

tl::unexpected<base::Error> system_failure(const std::string& attempt) {
  return base::failure(attempt + ": " + std::strerror(errno), FailureKind::RetryElsewhere);
}

tl::unexpected<base::Error> cell_gone() {
  return base::failure("the sandbox's helper process ended unexpectedly; it may have been killed",
                       FailureKind::RetryHere);
}

tl::unexpected<base::Error> refused(const wire::Report& report) {
  return base::failure(
      std::string("cannot ") + report.attempt + " '" + report.subject + "': " + std::strerror(report.error),
      FailureKind::RetryElsewhere);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// The message's first byte carries the descriptors.
bool send_message(int socket, std::string_view bytes, std::span<const int> descriptors) {
  char kind = wire::kMessageComes;
  iovec data{&kind, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const uint64_t size = bytes.size();
  const std::string head(reinterpret_cast<const char*>(&size), sizeof size);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1 && send_all(socket, head) && send_all(socket, bytes);
}

bool receive_report(int socket, wire::Report& report) {
  return ::recv(socket, &report, sizeof report, MSG_WAITALL) == ssize_t{sizeof report};
}

// One byte; a descriptor that comes with it goes to `root`. 0: the cell is gone.
char receive_kind(int socket, base::UniqueFd& root) {
  char kind = 0;
  iovec data{&kind, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    return 0;
  }
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    root.reset(descriptor);
  }
  return kind;
}

// Listens to a cell, and to its container's output, until it reports.
class Listener {
 public:
  Listener(int socket, std::array<base::UniqueFd, 3> streams, uint64_t output_bytes, const StopSignal& stop)
      : socket_(socket),
        streams_{Stream{std::move(streams[0]), "its standard output"},
                 Stream{std::move(streams[1]), "its standard error"},
                 Stream{std::move(streams[2]), "the list of paths that it asked for"}},
        output_bytes_(output_bytes),
        stop_(stop) {}

  base::Result<Answer> listen() {
    while (!reported_) {
      std::array<pollfd, 5> events{pollfd{streams_[0].pipe.get(), POLLIN, 0},
                                   pollfd{streams_[1].pipe.get(), POLLIN, 0},
                                   pollfd{streams_[2].pipe.get(), POLLIN, 0},
                                   pollfd{killed_ ? -1 : stop_.fd(), POLLIN, 0}, pollfd{socket_, POLLIN, 0}};
      if (::poll(events.data(), events.size(), -1) < 0) {
        continue;  // EINTR; the descriptors are good
      }
      for (size_t i = 0; i < streams_.size(); ++i) {
        if (events[i].revents != 0) {
          read(streams_[i]);
        }
      }
      if (events[3].revents != 0) {
        answer_.stopped = true;
        kill();
      }
      if (events[4].revents != 0 && !hear()) {
        return cell_gone();
      }
    }
    // All writers are dead by now, so what is left is in the pipes.
    for (Stream& stream : streams_) {
      while (stream.pipe) {
        read(stream);
      }
    }
    answer_.standard_output = std::move(streams_[0].bytes);
    answer_.standard_error = std::move(streams_[1].bytes);
    answer_.absent = std::move(streams_[2].bytes);
    return std::move(answer_);
  }

 private:
  void kill() {
    if (!std::exchange(killed_, true)) {
      send_all(socket_, std::string_view(&wire::kKill, 1));
    }
  }

  void read(Stream& stream) {
    if (!stream.read_some()) {
      stream.pipe.reset();
    }
    if (stream.bytes.size() > output_bytes_) {
      stream.bytes.resize(output_bytes_);
      answer_.too_much_output = stream.too_much(output_bytes_);
      kill();
    }
  }

  bool hear() {
    const char kind = receive_kind(socket_, answer_.root);
    if (kind == wire::kReportComes) {
      reported_ = receive_report(socket_, answer_.report);
      return reported_;
    }
    return kind == wire::kRootComes;
  }

  int socket_;
  std::array<Stream, 3> streams_;  // standard output, standard error, absent paths
  uint64_t output_bytes_;
  const StopSignal& stop_;
  Answer answer_;
  bool reported_ = false;
  bool killed_ = false;
};

class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    // Out of the terminal's group: Ctrl-C is gg's to answer.
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }

  ~SpawnAttributes() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  // posix_spawn's child shares our memory until it executes, so a large gg with many threads costs nothing.
  pid_t spawn(int image, int socket) {
    ::posix_spawn_file_actions_adddup2(&actions_, socket, wire::kSocket);
    const std::string path = "/proc/self/fd/" + std::to_string(image);
    std::string name = "gg-cell";
    std::array<char*, 2> argv{name.data(), nullptr};
    std::array<char*, 1> environment{nullptr};
    pid_t pid = -1;
    errno = ::posix_spawn(&pid, path.c_str(), &actions_, &attributes_, argv.data(), environment.data());
    return errno == 0 ? pid : -1;
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

base::Result<std::unique_ptr<CellProcess>> CellProcess::start(int image, wire::Start start,
                                                              const MakeFilter& filter) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_failure("cannot make a socket pair");
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  const pid_t pid = SpawnAttributes().spawn(image, theirs.get());
  if (pid < 0) {
    return system_failure("cannot start the sandbox's helper process");
  }
  std::unique_ptr<CellProcess> cell(new CellProcess(pid, std::move(ours)));
  if (filter) {
    start.filter = filter(pid);
  }
  const int socket = cell->socket_.get();
  // The peer's copy of `theirs` must be the last one, or its end would go unnoticed.
  theirs.reset();
  base::UniqueFd none;
  wire::Report report;
  if (!send_message(socket, start.encode(), {}) || receive_kind(socket, none) != wire::kReportComes ||
      !receive_report(socket, report)) {
    return cell_gone();
  }
  if (report.how != wire::How::Ready) {
    return refused(report);
  }
  cell->walls_ = report.walls;
  return cell;
}

CellProcess::~CellProcess() {
  socket_.reset();  // the cell sees it and ends
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

base::Result<Answer> CellProcess::run(const wire::Run& run, uint64_t output_bytes, Trace trace,
                                      const StopSignal& stop) {
  std::array<base::UniqueFd, 3> ours;
  std::vector<base::UniqueFd> theirs;
  std::vector<int> descriptors;
  for (size_t i = 0; i < (trace == Trace::Yes ? 3U : 2U); ++i) {
    base::Result<Pipe> pipe = make_pipe();
    if (!pipe) {
      return tl::unexpected<base::Error>(pipe.error());
    }
    ours.at(i) = std::move(pipe->read);
    descriptors.push_back(pipe->write.get());
    theirs.push_back(std::move(pipe->write));
  }
  if (!send_message(socket_.get(), run.encode(), descriptors)) {
    return cell_gone();
  }
  theirs.clear();
  base::Result<Answer> answer = Listener(socket_.get(), std::move(ours), output_bytes, stop).listen();
  if (answer && answer->report.how == wire::How::Refused) {
    return refused(answer->report);
  }
  return answer;
}

}  // namespace sandbox
