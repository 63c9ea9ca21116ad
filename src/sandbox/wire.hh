#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

// What gg and its cell program say to each other over one stream socket. Both come out of one build (the
// cell's image is embedded in the library), so there is no version. Header only: the cell links nothing of
// gg.
namespace sandbox::wire {

// Numbers and byte strings, one after another.
class Writer {
 public:
  void number(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }

  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }

  void list(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) {
      text(value);
    }
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what Writer wrote. The sender is gg itself, so a short message is a defect: it reads as empty values.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    const std::string_view raw = take(sizeof value);
    std::memcpy(&value, raw.data(), raw.size());
    return value;
  }

  std::string text() { return std::string(take(number())); }

  std::vector<std::string> list() {
    std::vector<std::string> values(number());
    for (std::string& value : values) {
      value = text();
    }
    return values;
  }

 private:
  std::string_view take(uint64_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

// The first message to a cell.
struct Start {
  bool user_namespace = true;
  bool shared_root = false;        // no namespaces at all: Sandbox::Root::Shared
  std::vector<std::string> roots;  // host directories that appear as /host/0, /host/1, ...; or stay in reach
  std::string filter;              // the seccomp program: an array of sock_filter

  [[nodiscard]] std::string encode() const {
    Writer writer;
    writer.number(user_namespace ? 1 : 0);
    writer.number(shared_root ? 1 : 0);
    writer.list(roots);
    writer.text(filter);
    return writer.bytes();
  }

  static Start decode(std::string_view bytes) {
    Reader reader(bytes);
    Start start;
    start.user_namespace = reader.number() != 0;
    start.shared_root = reader.number() != 0;
    start.roots = reader.list();
    start.filter = reader.text();
    return start;
  }
};

// One container. With it go two descriptors: standard output and standard error; and a third where it is
// traced: for the paths that were asked for and were not there, each ended by a NUL.
struct Run {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string working_directory;
  std::vector<std::string> layers;        // in the cell's names, top first
  std::vector<std::string> bind_sources;  // in the cell's names
  std::vector<std::string> bind_targets;  // in the container's
  std::vector<std::string> directories;
  uint64_t time_ms = 0;
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;
  uint64_t processes = 0;

  [[nodiscard]] std::string encode() const {
    Writer writer;
    writer.list(argv);
    writer.list(environment);
    writer.text(working_directory);
    writer.list(layers);
    writer.list(bind_sources);
    writer.list(bind_targets);
    writer.list(directories);
    writer.number(time_ms);
    writer.number(memory_bytes);
    writer.number(disk_bytes);
    writer.number(processes);
    return writer.bytes();
  }

  static Run decode(std::string_view bytes) {
    Reader reader(bytes);
    Run run;
    run.argv = reader.list();
    run.environment = reader.list();
    run.working_directory = reader.text();
    run.layers = reader.list();
    run.bind_sources = reader.list();
    run.bind_targets = reader.list();
    run.directories = reader.list();
    run.time_ms = reader.number();
    run.memory_bytes = reader.number();
    run.disk_bytes = reader.number();
    run.processes = reader.number();
    return run;
  }
};

enum class How : uint32_t {
  Vanished,    // nothing was reported: init was killed from outside
  Ready,       // answer to Start
  Exited,      // `status` is wait(2)'s
  NotStarted,  // execve or the working directory: `error`
  Refused,     // the kernel would not set the container up: `error`, `attempt`, `subject`
  TimedOut,
  OutOfMemory,
  TooManyProcesses,
  TooMuchDisk,  // shared root only: an own one is a tmpfs of that size
  Killed,       // gg asked for it
};

// The cell's answer, and the page that it shares with the container's init.
struct Report {
  How how = How::Vanished;
  uint32_t walls = 0;  // with Ready, and a shared root: kFilterStands, and Landlock's version above it
  int32_t status = 0;
  int32_t error = 0;
  uint64_t set_up_ns = 0;
  uint64_t execute_ns = 0;
  uint64_t user_cpu_ns = 0;
  uint64_t system_cpu_ns = 0;
  uint64_t peak_memory_bytes = 0;
  char attempt[64] = {};
  char subject[512] = {};
};

inline constexpr uint32_t kFilterStands = 1;
inline constexpr unsigned kLandlockShift = 8;

inline constexpr char kRootComes = 'r';     // one byte that carries the container's root directory
inline constexpr char kReportComes = 'e';   // a Report follows
inline constexpr char kMessageComes = 'm';  // gg to the cell: a size and that many bytes follow
inline constexpr char kKill = 'k';          // gg to the cell, while a container runs

inline constexpr int kSocket = 3;  // the cell's end

}  // namespace sandbox::wire
