#include "intercept/supervisor.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "intercept/placeholder.hh"
#include "intercept/process.hh"
#include "intercept/readers.hh"
#include "intercept/tracee.hh"
#include "model/archive.hh"

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

// Linux 6.6; headers may be older than the kernel.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

namespace intercept {

namespace {

constexpr uint64_t kSynchronousWakeUp = 1;  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: 11 us a call instead of 70
constexpr std::chrono::seconds kPatience{30};
constexpr int kNudge = SIGUSR2;  // ends a wait of the thread, and does nothing
constexpr std::chrono::milliseconds kNudgeEvery{2};
constexpr int kTickMilliseconds = 5000;

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;

  auto operator<=>(const FileId&) const = default;
};

// Where system calls are answered. Shared with whoever holds one back, and outlives the supervisor for them.
class Listener {
 public:
  explicit Listener(base::UniqueFd fd) : fd_(std::move(fd)) {
    ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS,
            kSynchronousWakeUp);  // refused by older kernels: slower
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  // Errors mean that the caller died meanwhile.
  void go_on(uint64_t id) const {
    seccomp_notif_resp response{};
    response.id = id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  // Answers an open with a descriptor of our own making.
  [[nodiscard]] bool give(uint64_t id, int fd, bool close_on_exec) const {
    seccomp_notif_addfd given{};
    given.id = id;
    given.flags = SECCOMP_ADDFD_FLAG_SEND;
    given.srcfd = static_cast<uint32_t>(fd);
    given.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
    return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &given) >= 0;
  }

  // Is the caller still there, so that what was read of it was its own?
  [[nodiscard]] bool waits(uint64_t id) const {
    return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
  }

 private:
  base::UniqueFd fd_;
};

struct Waiting {
  base::Nanoseconds since{0};
  std::string who;
  std::string what;
  bool said = false;
};

bool is_placeholder_sized(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_size == static_cast<off_t>(kPlaceholderBytes);
}

// Kernel's own trees hold no placeholders, and through /proc/self they would mean this process.
bool is_kernels(const std::string& path) {
  return path.compare(0, 6, "/proc/") == 0 || path.compare(0, 5, "/sys/") == 0 || base::is_below_dev(path);
}

bool is_own_program(const std::string& path) {
  return path == "/proc/self/exe" || path == "/proc/thread-self/exe";
}

// A script of a tool's name is its interpreter at work.
bool is_elf(const std::string& reached) {
  const auto magic = model::magic_of(reached);
  return magic && magic->starts_with(ELFMAG);
}

std::optional<object::Promise> promise_behind(const std::string& reached) {
  const base::UniqueFd fd(::open(reached.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd ? read_placeholder(fd.get()) : std::nullopt;
}

}  // namespace

struct Supervisor::Impl {
  Settings settings;
  std::shared_ptr<Listener> listener;
  Registry& registry;
  Ledger& ledger;
  base::Clock& clock;
  Observer& observer;
  std::atomic<bool> stopping{false};
  std::promise<void> end;  // of the thread
  std::future<void> ended = end.get_future();
  std::map<FileId, std::string> shims;  // identity of a shim -> the tool it stands over
  std::set<FileId> tools;               // identities of those tools
  std::unordered_map<uint64_t, const NumberedCall*> shapes;
  std::set<pid_t> carriers;  // byte movers that have opened a placeholder
  // Processes that have become make or the like. One that has ended may be here still: a process that gets
  // its number, and has not executed a program yet, is the same shell or make after its fork.
  std::set<pid_t> rule_readers;
  std::mutex mutex;
  std::map<uint64_t, Waiting> held;
  std::vector<char> notification_bytes;

  Impl(Settings given, base::UniqueFd fd, Registry& registry_, Ledger& ledger_, base::Clock& clock_,
       Observer& observer_)
      : settings(std::move(given)),
        listener(std::make_shared<Listener>(std::move(fd))),
        registry(registry_),
        ledger(ledger_),
        clock(clock_),
        observer(observer_) {
    for (const auto& [shim, tool] : settings.tools) {
      struct stat status {};

      if (::stat(shim.c_str(), &status) == 0) {
        shims[{status.st_dev, status.st_ino}] = tool;
      }
      if (::stat(tool.c_str(), &status) == 0) {
        tools.insert({status.st_dev, status.st_ino});
      }
    }
    for (const NumberedCall& call : notified_calls()) {
      shapes[key(call.architecture, call.number)] = &call;
    }
    seccomp_notif_sizes sizes{};
    ::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
    notification_bytes.resize(std::max(sizeof(seccomp_notif), size_t{sizes.seccomp_notif}));
  }

  static uint64_t key(uint32_t architecture, int number) {
    return (uint64_t{architecture} << 32U) | static_cast<uint32_t>(number);
  }

  // One notified call while it is looked at.
  struct Case {
    uint64_t id = 0;
    pid_t thread = 0;
    const CallShape& shape;
    const seccomp_data& data;
    bool wide = true;  // 64-bit pointers

    [[nodiscard]] uint64_t argument(int index) const { return data.args[static_cast<size_t>(index)]; }
  };

  // Waits for a call. False: there was none after all.
  bool take_one();
  [[nodiscard]] bool holds_any();
  [[nodiscard]] bool wait_with_patience();
  [[nodiscard]] bool hung_up() const;
  void decide(const Case& one);
  void on_open(const Case& one);
  void on_open_directory(const Case& one, const std::string& reached);
  void on_execute(const Case& one);
  void on_rename_or_link(const Case& one);
  void on_truncate(const Case& one);
  bool open_placeholder(const Case& one, const std::string& reached, int flags,
                        const object::Promise& promise);
  void give_real_tool(const Case& one, const std::string& tool, int flags);
  void hold(const Case& one, const std::vector<object::Promise>& promises);
  void note_long_waits();

  [[nodiscard]] static std::optional<std::string> path_of(const Case& one, int directory, int path);
  [[nodiscard]] static std::optional<std::string> reached_by(const Case& one, int directory,
                                                             const std::string& path);
  [[nodiscard]] const std::string* tool_behind(const Case& one, const struct stat& found) const;
  [[nodiscard]] static std::optional<int> flags_of(const Case& one);
  [[nodiscard]] std::optional<object::Promise> known_promise(const std::string& reached) const;
};

Supervisor::Supervisor(Settings settings, base::UniqueFd listener, Registry& registry, Ledger& ledger,
                       base::Clock& clock, Observer& observer)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(listener), registry, ledger, clock,
                                   observer)) {
  struct sigaction nudge {};

  nudge.sa_handler = [](int) {};
  ::sigaction(kNudge, &nudge, nullptr);  // without SA_RESTART
  thread_ = std::thread([this] { run(); });
}

Supervisor::~Supervisor() {
  stop();
}

// A kernel before 6.12 lets the thread wait for calls of processes that are all dead. A signal that comes
// just before it waits is lost, so more follow.
void Supervisor::stop() {
  impl_->stopping = true;
  while (thread_.joinable() && impl_->ended.wait_for(kNudgeEvery) != std::future_status::ready) {
    ::pthread_kill(thread_.native_handle(), kNudge);
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Supervisor::run() {
  while (!impl_->stopping) {
    if (impl_->holds_any() && !impl_->wait_with_patience()) {
      continue;
    }
    if (impl_->take_one()) {
      ++calls_;
    } else if (impl_->hung_up()) {
      break;
    }
  }
  impl_->end.set_value();
}

bool Supervisor::Impl::holds_any() {
  const std::scoped_lock lock(mutex);
  return !held.empty();
}

// True: there is a call to take. Says meanwhile who has waited for long.
bool Supervisor::Impl::wait_with_patience() {
  pollfd polled{listener->fd(), POLLIN, 0};
  const int ready = ::poll(&polled, 1, kTickMilliseconds);
  note_long_waits();
  return ready > 0;
}

// Is no process left that could call?
bool Supervisor::Impl::hung_up() const {
  pollfd polled{listener->fd(), POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

bool Supervisor::Impl::take_one() {
  std::fill(notification_bytes.begin(), notification_bytes.end(), 0);
  auto* notification = reinterpret_cast<seccomp_notif*>(notification_bytes.data());
  if (::ioctl(listener->fd(), SECCOMP_IOCTL_NOTIF_RECV, notification) != 0) {
    return false;  // the caller died before we came to it, or nobody is left, or this was nudged
  }
  const auto shape = shapes.find(key(notification->data.arch, notification->data.nr));
  if (shape == shapes.end()) {
    listener->go_on(notification->id);
    return true;
  }
  const bool wide = (notification->data.arch & __AUDIT_ARCH_64BIT) != 0;
  const Case one{notification->id, static_cast<pid_t>(notification->pid), shape->second->shape,
                 notification->data, wide};
  try {
    decide(one);
  } catch (const base::SyscallError& error) {  // the journal: disk full
    observer.note(error.what());
    listener->go_on(one.id);
  }
  return true;
}

void Supervisor::Impl::decide(const Case& one) {
  switch (one.shape.call) {
    case Call::Open:
      on_open(one);
      return;
    case Call::Execute:
      on_execute(one);
      return;
    case Call::Rename:
    case Call::Link:
      on_rename_or_link(one);
      return;
    case Call::Truncate:
      on_truncate(one);
      return;
  }
  listener->go_on(one.id);
}

std::optional<std::string> Supervisor::Impl::path_of(const Case& one, int directory, int path) {
  const auto text = read_string(one.thread, one.argument(path));
  return text ? reached_by(one, directory, *text) : std::nullopt;
}

std::optional<std::string> Supervisor::Impl::reached_by(const Case& one, int directory,
                                                        const std::string& path) {
  if (path.empty() || is_kernels(path)) {
    return std::nullopt;
  }
  const int base = directory < 0 ? AT_FDCWD : static_cast<int>(one.argument(directory));
  return reach(one.thread, base, path);
}

// The tool, if the call's path leads to its shim; `found` is what stands there by reach(). That is the tool
// itself where an absolute symlink (/usr/bin/cc -> /etc/alternatives/cc) led into our own root, in which
// there are no shims; but also for the real tool at work in the pristine root, and under a hard link that no
// shim covers.
const std::string* Supervisor::Impl::tool_behind(const Case& one, const struct stat& found) const {
  FileId id{found.st_dev, found.st_ino};
  if (tools.count(id) != 0) {
    const int directory =
        one.shape.directory < 0 ? AT_FDCWD : static_cast<int>(one.argument(one.shape.directory));
    const auto path = read_string(one.thread, one.argument(one.shape.path));
    const auto seen = path ? look_as_thread(one.thread, directory, *path) : std::nullopt;
    if (!seen) {
      return nullptr;
    }
    id = {seen->st_dev, seen->st_ino};
  }
  const auto shim = shims.find(id);
  return shim == shims.end() ? nullptr : &shim->second;
}

std::optional<int> Supervisor::Impl::flags_of(const Case& one) {
  if (one.shape.flags < 0) {
    return one.shape.fixed_flags;
  }
  if (!one.shape.flags_in_how) {
    return static_cast<int>(one.argument(one.shape.flags));
  }
  const auto flags = read_word(one.thread, one.argument(one.shape.flags) + offsetof(open_how, flags), 8);
  return flags ? std::optional<int>(static_cast<int>(*flags)) : std::nullopt;
}

std::optional<object::Promise> Supervisor::Impl::known_promise(const std::string& reached) const {
  auto promise = promise_behind(reached);
  return promise && ledger.knows(promise->thunk) ? promise : std::nullopt;
}

void Supervisor::Impl::on_open(const Case& one) {
  const auto flags = flags_of(one);
  // A look at the file costs more than the rest of the call, and builds look in vain for thousands of files.
  // Where nothing is promised, only a tool could be found.
  const bool only_tools =
      flags && (*flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY && registry.none_anywhere();
  if (!flags || (*flags & O_PATH) != 0 || (only_tools && rule_readers.count(one.thread) != 0)) {
    listener->go_on(one.id);
    return;
  }
  const auto path = read_string(one.thread, one.argument(one.shape.path));
  const auto reached = path && !(only_tools && is_no_programs_name(*path))
                           ? reached_by(one, one.shape.directory, *path)
                           : std::nullopt;
  if (!reached) {
    listener->go_on(one.id);
    return;
  }

  struct stat status {};

  if (::stat(reached->c_str(), &status) != 0) {
    if ((*flags & O_CREAT) != 0 && carriers.count(one.thread) != 0) {
      registry.suspect(real_path(*reached, Last::AsItIs, settings.pristine_root));
    }
    listener->go_on(one.id);
    return;
  }
  if (S_ISDIR(status.st_mode)) {
    on_open_directory(one, *reached);
    return;
  }
  if (const std::string* tool = tool_behind(one, status)) {
    give_real_tool(one, *tool, *flags);
    return;
  }
  if (is_placeholder_sized(status)) {
    const auto promise = known_promise(*reached);
    if (promise && open_placeholder(one, *reached, *flags, *promise)) {
      return;
    }
  } else if ((*flags & O_CREAT) != 0 && carriers.count(one.thread) != 0) {
    registry.suspect(real_path(*reached, Last::Followed, settings.pristine_root));
  }
  listener->go_on(one.id);
}

// Who lists a directory may well ask for the size of each file, which is not notified, or watch whether the
// directory changes meanwhile (tar does both). So what is owed directly in it is real before it is opened,
// unless only names are wanted. A mover has to wait, too, where results come in by themselves: it could meet
// the temporary of one that is just being put in place.
void Supervisor::Impl::on_open_directory(const Case& one, const std::string& reached) {
  const auto process = registry.empty() ? std::nullopt : read_process(one.thread);
  const bool moves = process && only_moves_bytes(process->program, process->argv);
  if (!process || (moves ? settings.lazy : leaves_arguments_alone(process->program, process->argv))) {
    listener->go_on(one.id);
    return;
  }
  const std::set<object::Promise> owed =
      registry.promises_in(real_path(reached, Last::Followed, settings.pristine_root));
  hold(one, {owed.begin(), owed.end()});
}

// False: the call may go on as it is.
bool Supervisor::Impl::open_placeholder(const Case& one, const std::string& reached, int flags,
                                        const object::Promise& promise) {
  const std::string path = real_path(reached, Last::Followed, settings.pristine_root);
  if (!listener->waits(one.id)) {
    return false;
  }
  if ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY) {
    registry.abandon(path);  // it is somebody's file from here on
    if (carriers.count(one.thread) != 0) {
      registry.suspect(path);
    }
    return false;
  }
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
    return false;  // fails, since the file exists
  }
  registry.add(promise, path);
  if ((flags & O_ACCMODE) == O_RDONLY) {
    const auto process = read_process(one.thread);
    if (process && only_moves_bytes(process->program, process->argv)) {
      carriers.insert(one.thread);
      return false;
    }
  }
  hold(one, {promise});
  return true;
}

void Supervisor::Impl::give_real_tool(const Case& one, const std::string& tool, int flags) {
  if ((flags & O_ACCMODE) == O_RDONLY) {
    const base::UniqueFd real(::open(tool.c_str(), O_RDONLY | O_CLOEXEC));
    if (real && listener->give(one.id, real.get(), (flags & O_CLOEXEC) != 0)) {
      return;
    }
  }
  listener->go_on(one.id);
}

void Supervisor::Impl::on_execute(const Case& one) {
  rule_readers.erase(one.thread);
  const auto path = read_string(one.thread, one.argument(one.shape.path));
  const bool again = path && is_own_program(*path);  // busybox becomes another of its programs
  const auto reached = again ? "/proc/" + std::to_string(one.thread) + "/exe"
                             : path_of(one, one.shape.directory, one.shape.path);

  struct stat status {};

  if (!reached || ::stat(reached->c_str(), &status) != 0 || (!again && tool_behind(one, status) != nullptr)) {
    listener->go_on(one.id);
    return;
  }
  const std::string program = again ? program_name(one.thread) : last_part(*reached);
  const auto argv = read_strings(one.thread, one.argument(one.shape.arguments), one.wide ? 8 : 4)
                        .value_or(std::vector<std::string>{});
  std::vector<object::Promise> promises;
  if (is_placeholder_sized(status)) {
    if (const auto promise = known_promise(*reached)) {
      registry.add(*promise, real_path(*reached, Last::Followed, settings.pristine_root));
      promises.push_back(*promise);
    }
  }
  carriers.erase(one.thread);  // another program from now on
  if (reads_only_rules(program) && is_elf(*reached)) {
    rule_readers.insert(one.thread);
  }
  if (packs_listed_files(program, argv)) {
    (void)registry.look_at_suspects();  // copies among them are as short
    const std::set<object::Promise> owed = registry.promises();
    promises.insert(promises.end(), owed.begin(), owed.end());
  }
  const bool moves = !registry.empty() && only_moves_bytes(program, argv);
  if (moves || !leaves_arguments_alone(program, argv)) {
    std::set<std::string> stay;
    for (size_t i = 1; i < argv.size(); ++i) {
      const std::string& word = argv[i];
      if (word.empty() || is_kernels(word)) {
        continue;
      }
      const std::string file = reach(one.thread, AT_FDCWD, word);
      if (::stat(file.c_str(), &status) != 0 || !is_placeholder_sized(status)) {
        continue;
      }
      if (const auto promise = known_promise(file)) {
        const std::string where = real_path(file, Last::Followed, settings.pristine_root);
        registry.add(*promise, where);
        moves ? (void)stay.insert(where) : promises.push_back(*promise);
      }
    }
    if (base::UniqueFd process = stay.empty() ? base::UniqueFd() : open_process(one.thread)) {
      registry.leave_to(std::move(process), std::move(stay));
    }
  }
  hold(one, promises);
}

void Supervisor::Impl::on_rename_or_link(const Case& one) {
  const auto from = path_of(one, one.shape.directory, one.shape.path);
  const auto to = path_of(one, one.shape.second_directory, one.shape.second_path);

  struct stat status {};

  if (!from || !to || ::lstat(from->c_str(), &status) != 0) {
    listener->go_on(one.id);
    return;
  }
  const std::string& root = settings.pristine_root;
  if (S_ISDIR(status.st_mode) && !registry.empty()) {
    registry.directory_moves(real_path(*from, Last::AsItIs, root), real_path(*to, Last::AsItIs, root));
  } else if (const auto promise = is_placeholder_sized(status) ? known_promise(*from) : std::nullopt) {
    registry.add(*promise, real_path(*from, Last::AsItIs, root));
    registry.add(*promise, real_path(*to, Last::AsItIs, root));
  } else if (one.shape.call == Call::Rename && !registry.empty()) {
    registry.abandon(real_path(*to, Last::AsItIs, root));
  }
  listener->go_on(one.id);
}

void Supervisor::Impl::on_truncate(const Case& one) {
  const auto reached = path_of(one, -1, one.shape.path);

  struct stat status {};

  const auto promise = reached && ::stat(reached->c_str(), &status) == 0 && is_placeholder_sized(status)
                           ? known_promise(*reached)
                           : std::nullopt;
  if (!promise) {
    listener->go_on(one.id);
    return;
  }
  const std::string path = real_path(*reached, Last::Followed, settings.pristine_root);
  if (one.argument(one.shape.path + 1) == 0) {
    registry.abandon(path);
    listener->go_on(one.id);
    return;
  }
  registry.add(*promise, path);
  hold(one, {*promise});
}

// Lets the call go on when all are in place. Where one could not be made its placeholder has been removed, so
// that the call meets what a plain build would have left: no file.
void Supervisor::Impl::hold(const Case& one, const std::vector<object::Promise>& promises) {
  if (promises.empty()) {
    listener->go_on(one.id);
    return;
  }
  {
    const std::scoped_lock lock(mutex);
    held[one.id] = {clock.steady(), program_name(one.thread), promises.front().output, false};
  }
  const auto left = std::make_shared<std::atomic<size_t>>(promises.size());
  for (const object::Promise& promise : promises) {
    ledger.force(promise, [this, left, id = one.id, to = listener](const base::Result<void>&) {
      if (--*left == 0) {
        {
          const std::scoped_lock lock(mutex);
          held.erase(id);
        }
        to->go_on(id);
      }
    });
  }
}

void Supervisor::Impl::note_long_waits() {
  const std::scoped_lock lock(mutex);
  for (auto& [id, waiting] : held) {
    if (!waiting.said && clock.steady() - waiting.since > kPatience) {
      waiting.said = true;
      observer.note(waiting.who + " has waited " + std::to_string(kPatience.count()) + " s for '" +
                    waiting.what + "'");
    }
  }
}

}  // namespace intercept
