#include "sandbox/descendants.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace sandbox {

namespace {

struct Process {
  Descendant itself;
  pid_t parent;
};

bool is_pid(const char* name) {
  return name[0] >= '0' && name[0] <= '9';
}

// False: it has just gone. The name, in brackets, may hold anything, brackets too: proc(5).
bool look(int proc, const char* name, Process& found) {
  const std::string path = std::string(name) + "/stat";
  const int file = ::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  std::array<char, 1024> text{};
  const ssize_t got = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  const char* const rest = got > 0 ? std::strrchr(text.data(), ')') : nullptr;
  char state = 0;
  long parent = 0;
  unsigned long threads = 0;
  long resident = 0;
  if (rest == nullptr || std::sscanf(rest,
                                     ") %c %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                                     "%lu %*s %*s %*s %ld",
                                     &state, &parent, &threads, &resident) != 4) {
    return false;
  }
  found.parent = static_cast<pid_t>(parent);
  found.itself = {static_cast<pid_t>(std::strtol(name, nullptr, 10)), threads,
                  static_cast<uint64_t>(std::max(resident, 0L)), state == 'Z' || state == 'X'};
  return true;
}

std::vector<Process> all(int proc) {
  std::vector<Process> found;
  const int directory = ::openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = directory < 0 ? nullptr : ::fdopendir(directory);
  if (listing == nullptr) {
    return found;  // out of descriptors: the next look will do
  }
  while (const dirent* const entry = ::readdir(listing)) {
    Process process{};
    if (is_pid(entry->d_name) && look(proc, entry->d_name, process)) {
      found.push_back(process);
    }
  }
  ::closedir(listing);
  return found;
}

}  // namespace

std::vector<Descendant> descendants_of(pid_t ancestor, int proc) {
  std::unordered_map<pid_t, std::vector<Descendant>> children;
  for (const Process& process : all(proc)) {
    children[process.parent].push_back(process.itself);
  }
  std::vector<Descendant> found = children[ancestor];
  for (size_t i = 0; i < found.size(); ++i) {
    const std::vector<Descendant> below = children[found[i].pid];
    found.insert(found.end(), below.begin(), below.end());
  }
  return found;
}

void end_descendants(int proc) {
  const timespec moment{0, 1'000'000};
  for (;;) {
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) {
      return;
    }
    // First all are stopped, until a look finds none that is new: who is killed makes room for others to
    // fork, who is stopped does not.
    std::unordered_set<pid_t> stopped;
    for (bool any = true; any;) {
      any = false;
      for (const Descendant& one : descendants_of(::getpid(), proc)) {
        if (!one.has_ended && stopped.insert(one.pid).second) {
          ::kill(one.pid, SIGSTOP);
          any = true;
        }
      }
    }
    for (const pid_t pid : stopped) {
      ::kill(pid, SIGKILL);
    }
    ::nanosleep(&moment, nullptr);
  }
}

}  // namespace sandbox
