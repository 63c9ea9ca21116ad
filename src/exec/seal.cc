#include "exec/seal.hh"

#include <fts.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <memory>

namespace exec {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int kMostLooks = 1000;

int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * kSecond + time.tv_nsec;
}

int64_t now_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return nanoseconds(now);
}

struct CloseWalk {
  void operator()(FTS* walk) const { ::fts_close(walk); }
};

}  // namespace

// A kernel stamps files with its coarse clock, or, since Linux 6.13, where somebody has looked at a file's
// last stamp, with the fine one (Documentation/filesystems/multigrain-ts.rst). Behind the fine one the coarse
// clock is by a tick or two; so a stamp that came before is older than what the coarse clock says here at
// last.
void Seal::set() {
  const timespec moment{0, 200'000};
  const int64_t before = now_ns(CLOCK_REALTIME);
  for (int looks = 0; (set_ns_ = now_ns(CLOCK_REALTIME_COARSE)) <= before; ++looks) {
    if (looks == kMostLooks) {  // the clock has been set back: nothing can be told, so nothing holds
      set_ns_ = 0;
      return;
    }
    ::nanosleep(&moment, nullptr);
  }
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
