#pragma once

#include "base/unique_fd.hh"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the kernel tells of a process of the build. Everything may be gone the next moment, so every answer is
// optional.
namespace intercept {

// What an open file is, as fstat tells it.
struct StreamId {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint32_t mode = 0;  // 0: closed
  uint64_t special = 0;

  bool operator==(const StreamId&) const = default;
};

[[nodiscard]] bool is_null_device(const StreamId& stream);
[[nodiscard]] bool is_pipe(const StreamId& stream);

// Of this process; mode 0 when it is closed.
[[nodiscard]] StreamId own_stream(int fd);

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string program;            // its executable's name without the folder
  std::vector<std::string> argv;  // as it was started
  std::string working_directory;
};

[[nodiscard]] std::optional<Process> read_process(pid_t pid);

// What stands behind one descriptor of a process.
[[nodiscard]] std::optional<StreamId> stream_of(pid_t pid, int fd);

// Has it this open, under any descriptor?
[[nodiscard]] bool holds(pid_t pid, const StreamId& stream);

// Is it, or something below it, at work or waiting for the disk right now? Asleep (waiting for a pipe, a
// child, a timer) is not.
[[nodiscard]] bool is_busy(pid_t pid);

// The name of its executable without the folder; "" when unknown.
[[nodiscard]] std::string program_name(pid_t pid);

// A descriptor that stands for it (pidfd_open(2)); none: it is gone, or a thread that is no process.
[[nodiscard]] base::UniqueFd open_process(pid_t pid);

// Has it, or does it within this time?
[[nodiscard]] bool has_ended(const base::UniqueFd& process,
                             std::chrono::milliseconds within = std::chrono::milliseconds(0));

[[nodiscard]] std::string last_part(const std::string& path);

}  // namespace intercept
