#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "sandbox/stop_signal.hh"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Containers: a command runs in a fresh root that holds what it was given and nothing else. What is
// guaranteed:
//  - files: only the given layers and binds, /dev (null zero full random urandom, fd links, an own shm),
//  /proc of its
//    own processes (read-only), and /tmp (empty unless given). What it writes, in place or not, lands in a
//    copy;
//  - network: an empty network namespace, where not even loopback is up; nor abstract sockets, nor AF_VSOCK;
//  - processes: pid, ipc and uts namespaces of its own; nothing outlives the command, nor gg, even at kill
//  -9;
//  - privilege: none, no way to gain any, and a seccomp filter against the kernel's rarer doors;
//  - identity: uid and gid 1000, host name "gg", umask 022, stdin /dev/null, exactly the given environment.
// The reasons are in docs/decisions/sandbox.md. Root::Shared is for places that allow no namespaces.
namespace sandbox {

// A host directory at a path of the container, read-only, with all mounted below it.
struct Bind {
  std::string host;
  std::string inside;  // absolute
};

struct Limits {
  std::chrono::milliseconds time{0};     // from the command's set-up to its end; 0: none
  uint64_t memory_bytes = 0;             // of all its processes, anonymous; looked at every 0.1 s; 0: none
  uint64_t disk_bytes = 4ULL << 30U;     // of all it writes (in memory: a tmpfs); 0: half of the machine's
  unsigned processes = 1024;             // at the same time, threads too; 0: none
  uint64_t output_bytes = 64ULL << 20U;  // of each of standard output and error
};

struct Job {
  std::vector<std::string>
      argv;  // argv[0] is the program: a path, or a name that the environment's PATH leads to
  std::vector<std::string> environment;  // NAME=value
  std::string working_directory = "/";   // absolute; has to exist, in the layers or in `directories`
  std::vector<std::string>
      layers;  // host directories, merged into "/", the first one on top; never written to
  std::vector<Bind> binds;
  std::vector<std::string> directories;  // absolute; made, with their parents, where there is none
  // With Root::Shared the three above have to be empty, and there is no `trace`.
  Limits limits;
  bool trace = false;  // say which paths it asked for that were not there; makes it slower
};

enum class End {
  Exited,      // by itself or by a signal
  NotStarted,  // no such program, not executable, no such working directory
  TimedOut,
  OutOfMemory,
  TooManyProcesses,
  TooMuchOutput,
  TooMuchDisk,  // Root::Shared only; elsewhere the command itself is told that the disk is full
  Stopped,      // the StopSignal was raised
};

struct Ended {
  End end = End::Exited;
  int exit_code = 0;  // 128 + signal when a signal ended it; 126 or 127 as a shell says NotStarted
  std::string note;   // a sentence for people; empty for Exited
  std::string standard_output;
  std::string standard_error;
  std::vector<std::string> absent;  // Job::trace: absolute, each once, with the symlinks and ".." it used
  base::UniqueFd root;  // the container's "/" as the command left it; everything is freed when this closes
  std::chrono::nanoseconds set_up{0};
  std::chrono::nanoseconds execute{0};
  std::chrono::nanoseconds user_cpu{0};  // of the command and what it waited for
  std::chrono::nanoseconds system_cpu{0};
  uint64_t peak_memory_bytes = 0;  // of its largest process
};

// Never is for root only. The guarantees are the same, but the command then believes to be root (without any
// capability): some outputs may show it.
enum class UserNamespace { WhereAllowed, Never };

// Shared: the command runs in the root of this process, as its user (never root), without any namespace. What
// is left of the guarantees:
//  - files: where the kernel has Landlock, Options::roots and below; all that is writable is the caller's to
//    clean up;
//  - network: no socket can be made;
//  - processes: none outlives the command (all below this process are ended; so one command at a time, and no
//    other children), no look into those of gg and no signal to them; nothing is left in the kernel's IPC;
//  - privilege, environment and limits: as above. Memory counts what processes share several times.
// Where the kernel refuses seccomp filters network and signals are open.
enum class Root { Own, Shared };

class CellProcess;

// Runs containers, any number at a time. Any thread.
class Sandbox {
 public:
  struct Options {
    std::vector<std::string>
        roots;  // absolute; every layer and bind lies in one of these. They have to exist.
    UserNamespace user_namespace = UserNamespace::WhereAllowed;
    Root root = Root::Own;
  };

  // As root goes on without a user namespace where that is refused. Fails (RetryElsewhere), saying what the
  // kernel refused and what to do about it, where containers cannot be made.
  [[nodiscard]] static base::Result<std::unique_ptr<Sandbox>> open(Options options);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Blocks until the command has ended, one way or another; a failure means that it could not be tried.
  [[nodiscard]] base::Result<Ended> run(const Job& job, const StopSignal& stop);

  // How commands are kept apart, for people: "container", or what there is without: "seccomp, landlock 7".
  [[nodiscard]] const std::string& walls() const { return walls_; }

 private:
  explicit Sandbox(Options options);
  [[nodiscard]] base::Result<std::unique_ptr<CellProcess>> take_cell();

  Options options_;
  std::string walls_ = "container";
  std::string filter_;  // Root::Own
  base::UniqueFd image_;
  base::Guarded<std::vector<std::unique_ptr<CellProcess>>> idle_;
};

}  // namespace sandbox
