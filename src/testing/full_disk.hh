#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstddef>

namespace fake {

// While it lives, this process may write no file beyond `bytes`: a write that crosses them ends short, and
// the next one fails, as on a disk that fills up.
class FilesEndAt {
 public:
  explicit FilesEndAt(size_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  ~FilesEndAt() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

  FilesEndAt(const FilesEndAt&) = delete;
  FilesEndAt& operator=(const FilesEndAt&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

}  // namespace fake
