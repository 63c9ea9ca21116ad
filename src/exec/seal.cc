#include "exec/seal.hh"

#include <fts.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <memory>

namespace exec {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kSecond + time.tv_nsec;
}

// What the kernel stamps files with, or less than a tick behind that.
int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

struct CloseWalk {
  void operator()(FTS* walk) const { ::fts_close(walk); }
};

}  // namespace

void Seal::set() {
  const timespec moment{0, 200'000};
  const int64_t before = now_ns();
  while (now_ns() == before) {
    ::nanosleep(&moment, nullptr);
  }
  set_ns_ = now_ns();
}

bool Seal::holds() const {
  std::string path = folder_;
  char* const paths[] = {path.data(), nullptr};
  const std::unique_ptr<FTS, CloseWalk> walk(::fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, nullptr));
  if (!walk) {
    return false;
  }
  errno = 0;
  while (const FTSENT* const entry = ::fts_read(walk.get())) {
    switch (entry->fts_info) {
      case FTS_DP:
        break;
      case FTS_DNR:
      case FTS_ERR:
      case FTS_NS:
      case FTS_DC:
        return false;
      default:
        if (nanoseconds(entry->fts_statp->st_ctim) >= set_ns_) {
          return false;
        }
    }
    errno = 0;
  }
  return errno == 0;
}

}  // namespace exec
