#include "intercept/process.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace intercept {

namespace {

std::string proc(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string link_target(const std::string& path) {
  return base::link_target(path).value_or("");
}

std::optional<std::string> contents(const std::string& path) {
  try {
    return base::read_file_if_there(path);
  } catch (const base::SyscallError&) {
    return std::nullopt;  // ESRCH: it ended while we looked
  }
}

// Field 4 of stat. The name before it stands in parentheses and may hold any byte.
std::optional<pid_t> parent_of(pid_t pid) {
  const auto stat = contents(proc(pid, "stat"));
  const size_t close = stat ? stat->rfind(") ") : std::string::npos;
  if (close == std::string::npos || close + 4 >= stat->size()) {
    return std::nullopt;
  }
  return static_cast<pid_t>(std::strtol(stat->c_str() + close + 4, nullptr, 10));
}

std::vector<std::string> words_of(const std::string& nul_ended) {
  std::vector<std::string> words;
  for (size_t at = 0; at < nul_ended.size();) {
    size_t end = nul_ended.find('\0', at);
    end = end == std::string::npos ? nul_ended.size() : end;
    words.push_back(nul_ended.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

StreamId id_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_mode, status.st_rdev};
}

// Folders of /proc.
std::vector<std::string> threads_of(pid_t pid) {
  const std::string folder = proc(pid, "task");
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  std::vector<std::string> threads;
  while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
    if (entry->d_name[0] != '.') {
      threads.push_back(folder + "/" + entry->d_name);
    }
  }
  return threads;
}

bool runs(const std::string& thread) {
  const auto status = contents(thread + "/stat");
  const size_t name_end = status ? status->rfind(')') : std::string::npos;
  if (name_end == std::string::npos || name_end + 2 >= status->size()) {
    return false;  // it has ended
  }
  const char state = (*status)[name_end + 2];
  return state == 'R' || state == 'D';
}

bool has_busy_child(const std::string& thread) {
  std::istringstream children(contents(thread + "/children").value_or(""));
  for (pid_t child = 0; children >> child;) {
    if (is_busy(child)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_null_device(const StreamId& stream) {
  return S_ISCHR(stream.mode) && stream.special == makedev(1, 3);
}

bool is_pipe(const StreamId& stream) {
  return S_ISFIFO(stream.mode);
}

StreamId own_stream(int fd) {
  struct stat status {};

  return ::fstat(fd, &status) == 0 ? id_of(status) : StreamId{};
}

std::optional<StreamId> stream_of(pid_t pid, int fd) {
  struct stat status {};

  if (::stat(proc(pid, "fd/" + std::to_string(fd)).c_str(), &status) != 0) {
    return std::nullopt;
  }
  return id_of(status);
}

bool holds(pid_t pid, const StreamId& stream) {
  const std::string folder = proc(pid, "fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (!open) {
    return false;
  }
  while (const dirent* entry = ::readdir(open.get())) {
    struct stat status {};

    if (::stat((folder + "/" + entry->d_name).c_str(), &status) == 0 && id_of(status) == stream) {
      return true;
    }
  }
  return false;
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string program_name(pid_t pid) {
  return last_part(link_target(proc(pid, "exe")));
}

std::optional<Process> read_process(pid_t pid) {
  const auto parent = parent_of(pid);
  const auto command_line = contents(proc(pid, "cmdline"));
  if (!parent || !command_line) {
    return std::nullopt;
  }
  return Process{pid, *parent, program_name(pid), words_of(*command_line), link_target(proc(pid, "cwd"))};
}

bool is_busy(pid_t pid) {
  const std::vector<std::string> threads = threads_of(pid);  // none: it has ended
  return std::any_of(threads.begin(), threads.end(),
                     [](const std::string& thread) { return runs(thread) || has_busy_child(thread); });
}

// By number: old glibc lacks the wrapper.
base::UniqueFd open_process(pid_t pid) {
  return base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool has_ended(const base::UniqueFd& process, std::chrono::milliseconds within) {
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(within.count())) > 0;
}

}  // namespace intercept
