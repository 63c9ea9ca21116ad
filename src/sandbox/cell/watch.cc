#include "sandbox/cell/watch.hh"

#include "sandbox/descendants.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <string>

namespace cell {

namespace {

using sandbox::wire::How;

// Short commands are over before the first look; long ones pay 30 us ten times a second.
constexpr long kFirstPauseMs = 10;
constexpr long kLongestPauseMs = 100;

// Resident less shared: anonymous memory. Files and tmpfs have their own limit.
uint64_t anonymous_bytes(int proc, const char* pid) {
  const std::string path = std::string(pid) + "/statm";
  const int file = ::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return 0;  // it has just ended
  }
  std::array<char, 128> text{};
  const ssize_t got = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  uint64_t size = 0;
  uint64_t resident = 0;
  uint64_t shared = 0;
  if (got <= 0 || std::sscanf(text.data(), "%lu %lu %lu", &size, &resident, &shared) != 3) {
    return 0;
  }
  return (resident - std::min(shared, resident)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

long milliseconds_between(const timespec& before, const timespec& after) {
  return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1'000'000;
}

uint64_t threads(int proc, const char* pid) {
  constexpr uint64_t kItselfAndParent = 2;  // what the link count of any empty directory stands for
  const std::string path = std::string(pid) + "/task";

  struct stat status {};

  const bool is_there = ::fstatat(proc, path.c_str(), &status, 0) == 0;
  return is_there && status.st_nlink > kItselfAndParent ? status.st_nlink - kItselfAndParent : 0;
}

uint64_t free_bytes() {
  struct statvfs status {};

  return ::statvfs("/tmp", &status) == 0 ? status.f_bfree * status.f_frsize : 0;
}

bool is_pid(const char* name) {
  return name[0] >= '0' && name[0] <= '9';
}

}  // namespace

Watch::Watch(const sandbox::wire::Run& run, int proc, Whose whose)
    : whose_(whose),
      disk_bytes_(run.disk_bytes),
      free_before_(whose == Whose::Descendants ? free_bytes() : 0),
      memory_bytes_(run.memory_bytes),
      processes_(run.processes),
      proc_(proc),
      interval_ms_(kFirstPauseMs) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);  // pause() waits for it
  ::clock_gettime(CLOCK_MONOTONIC, &last_look_);
}

Watch::~Watch() {
  if (proc_ >= 0) {
    ::close(proc_);
  }
}

How Watch::look() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  if (milliseconds_between(last_look_, now) < kFirstPauseMs) {
    return How::Exited;
  }
  last_look_ = now;
  if (whose_ == Whose::Descendants) {
    return look_at_descendants();
  }
  const int directory = ::openat(proc_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = directory < 0 ? nullptr : ::fdopendir(directory);
  if (listing == nullptr) {
    return How::Exited;  // out of descriptors: the next look will do
  }
  uint64_t memory = 0;
  uint64_t processes = 0;
  constexpr uint64_t kInit = 1;
  const auto too_many = [&] { return processes_ != 0 && processes > processes_ + kInit; };
  // No further than needed: among many that run there is little time to look.
  while (const dirent* const entry = too_many() ? nullptr : ::readdir(listing)) {
    if (is_pid(entry->d_name)) {
      processes += processes_ == 0 ? 0 : threads(proc_, entry->d_name);
      memory += memory_bytes_ == 0 ? 0 : anonymous_bytes(proc_, entry->d_name);
    }
  }
  ::closedir(listing);
  if (memory_bytes_ != 0 && memory > memory_bytes_) {
    return How::OutOfMemory;
  }
  return too_many() ? How::TooManyProcesses : How::Exited;
}

// Resident memory with what they share: there is no cheaper number for it in one file.
How Watch::look_at_descendants() const {
  uint64_t pages = 0;
  uint64_t threads = 0;
  // Of the cell: who has lost its parent falls to that.
  for (const sandbox::Descendant& one : sandbox::descendants_of(::getppid(), proc_)) {
    pages += one.resident_pages;
    threads += one.threads;
  }
  if (memory_bytes_ != 0 && pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) > memory_bytes_) {
    return How::OutOfMemory;
  }
  constexpr uint64_t kInit = 1;
  if (processes_ != 0 && threads > processes_ + kInit) {
    return How::TooManyProcesses;
  }
  const uint64_t left = disk_bytes_ == 0 ? free_before_ : free_bytes();
  return left < free_before_ && free_before_ - left > disk_bytes_ ? How::TooMuchDisk : How::Exited;
}

void Watch::pause() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const timespec wait{0, interval_ms_ * 1'000'000};
  ::sigtimedwait(&child, nullptr, &wait);
  interval_ms_ = std::min(interval_ms_ * 2, kLongestPauseMs);
}

}  // namespace cell
