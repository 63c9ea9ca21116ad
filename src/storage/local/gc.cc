#include "storage/local/gc.hh"

#include "base/errors.hh"
#include "base/quote.hh"
#include "base/unique_fd.hh"
#include "storage/local/failure.hh"
#include "storage/local/walk.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace storage {

namespace {

using base::Nanoseconds;
using base::SyscallError;

constexpr uint64_t kBlock = 4096;
constexpr Nanoseconds kLongestLease = std::chrono::hours(24);

// Records are marked as used once an hour, objects at once.
constexpr Nanoseconds kRecordMarkLag = std::chrono::hours(1);

struct Candidate {
  std::string path;       // in objects/ or packs/; empty: only a twin is there
  std::string twin_path;  // empty: none
  uint64_t bytes = 0;
  Nanoseconds used{};
  uint64_t objects = 1;
};

uint64_t on_disk(const struct stat& status) {
  return (static_cast<uint64_t>(status.st_size) + kBlock - 1) / kBlock * kBlock;
}

Nanoseconds last_use(const struct stat& status) {
  return std::chrono::seconds(status.st_atim.tv_sec) + Nanoseconds(status.st_atim.tv_nsec);
}

base::Result<base::UniqueFd> lock_out_others(const Layout& layout) {
  const std::string path = layout.gc_lock();
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    throw SyscallError("open", path);
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    return fd;
  }
  if (errno != EWOULDBLOCK) {
    throw SyscallError("lock", path);
  }
  return base::failure(
      "another gc is at work on the store " + base::shell_quoted(layout.root) + ": wait until it has ended",
      base::FailureKind::RetryHere);
}

// Nothing that was used from here on is removed.
Nanoseconds in_use_since(const SessionSurvey& survey, Nanoseconds now) {
  Nanoseconds since = now;
  for (const Nanoseconds start : survey.live_since) {
    since = std::min(since, start);
  }
  return std::max(since, now - kLongestLease) - kClockTick;
}

class Collection {
 public:
  Collection(LocalStore& store, uint64_t target_bytes, Nanoseconds in_use_since)
      : store_(store), target_(target_bytes), in_use_since_(in_use_since) {}

  void find_candidates();
  void empty_quarantine();
  void evict();

  GcReport report;
  Nanoseconds newest_removed{};

 private:
  void add(const ObjectFile& file, std::string Candidate::*path);
  void add_pack(const std::string& path);
  bool remove(const Candidate& candidate);
  bool remove_unless_used(const std::string& path);

  LocalStore& store_;
  uint64_t target_;
  Nanoseconds in_use_since_;
  std::map<object::Digest::Hash, Candidate> candidates_;
  std::vector<Candidate> packs_;
};

void Collection::add(const ObjectFile& file, std::string Candidate::*path) {
  Candidate& candidate = candidates_[file.hash];
  candidate.*path = file.path;
  candidate.bytes += on_disk(file.status);
  candidate.used = std::max(candidate.used, last_use(file.status));
  report.bytes += on_disk(file.status);
}

void Collection::find_candidates() {
  const auto leave_alone = [](const std::string&) {};  // fsck tells of strangers
  walk_objects(store_.layout().objects(),
               {[&](const ObjectFile& file) { add(file, &Candidate::path); }, leave_alone});
  walk_objects(store_.layout().twins(),
               {[&](const ObjectFile& file) { add(file, &Candidate::twin_path); }, leave_alone});
  report.objects = candidates_.size();
  for (const std::string& name : names_in(store_.layout().packs())) {
    add_pack(store_.layout().packs() + "/" + name);
  }
}

// A pack goes as a whole: what is in it was made at once, and most often for one purpose.
void Collection::add_pack(const std::string& path) {
  const std::unique_ptr<Pack> pack = Pack::open(path);

  struct stat status {};

  if (pack && ::fstat(pack->fd(), &status) == 0) {
    packs_.push_back({path, "", on_disk(status), last_use(status), pack->count()});
    report.bytes += packs_.back().bytes;
    report.objects += pack->count();
  }
}

void Collection::empty_quarantine() {
  std::vector<std::pair<std::string, uint64_t>> files;
  for (const std::string& name : names_in(store_.layout().quarantine())) {
    const std::string path = store_.layout().quarantine() + "/" + name;

    struct stat status {};

    if (::lstat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
      files.emplace_back(path, on_disk(status));
      report.bytes += files.back().second;
    }
  }
  for (const auto& [path, bytes] : files) {
    if (report.kept_bytes() > target_ && ::unlink(path.c_str()) == 0) {
      report.removed_bytes += bytes;
    }
  }
}

void Collection::evict() {
  std::vector<const Candidate*> order;
  order.reserve(candidates_.size());
  for (const auto& [hash, candidate] : candidates_) {
    order.push_back(&candidate);
  }
  for (const Candidate& pack : packs_) {
    order.push_back(&pack);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate* a, const Candidate* b) { return a->used < b->used; });
  for (const Candidate* candidate : order) {
    if (report.kept_bytes() <= target_) {
      return;
    }
    if (candidate->used >= in_use_since_ || !remove(*candidate)) {
      report.in_use_objects += candidate->objects;
      continue;
    }
    report.removed_objects += candidate->objects;
    report.removed_bytes += candidate->bytes;
    newest_removed = std::max(newest_removed, candidate->used);
  }
}

// The twin last: without its object it is never asked for, and the other way round it is made again.
bool Collection::remove(const Candidate& candidate) {
  for (const std::string& path : {candidate.path, candidate.twin_path}) {
    if (!path.empty() && !remove_unless_used(path)) {
      return false;
    }
  }
  return true;
}

bool Collection::remove_unless_used(const std::string& path) {
  const std::string trash = store_.temporary_path();
  if (::rename(path.c_str(), trash.c_str()) != 0) {
    if (errno == ENOENT) {
      return true;
    }
    throw SyscallError("remove", path);
  }

  struct stat status {};

  const bool used_meanwhile = ::lstat(trash.c_str(), &status) == 0 && last_use(status) >= in_use_since_;
  // EEXIST: it has been put again, and that one stays.
  if (used_meanwhile && ::link(trash.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    throw SyscallError("put back", path);
  }
  if (::unlink(trash.c_str()) != 0) {
    throw SyscallError("remove", trash);
  }
  return !used_meanwhile;
}

}  // namespace

base::Result<GcReport> collect_garbage(LocalStore& store, LocalRecords& records, uint64_t target_bytes,
                                       const base::Clock& clock) {
  const Layout& layout = store.layout();
  if (store.access() == Access::ReadOnly) {
    return base::failure("the store " + base::shell_quoted(layout.root) + " is open for reading only",
                         base::FailureKind::RetryElsewhere);
  }
  return in_store(layout.root, [&]() -> base::Result<GcReport> {
    const base::Result<base::UniqueFd> lock = lock_out_others(layout);
    if (!lock) {
      return tl::unexpected(lock.error());
    }
    const Nanoseconds now = clock.wall();  // first: whoever comes later is younger
    const SessionSurvey survey = survey_sessions(layout.temporaries(), Sweep::Remove);
    Collection collection(store, target_bytes, in_use_since(survey, now));
    collection.report.removed_temporaries = survey.orphans.size();
    collection.find_candidates();
    collection.empty_quarantine();
    collection.evict();
    if (collection.report.removed_objects > 0) {
      const auto forgotten = records.forget_unused_since(collection.newest_removed - kRecordMarkLag);
      if (!forgotten) {
        return tl::unexpected(forgotten.error());
      }
      collection.report.removed_records = *forgotten;
    }
    return collection.report;
  });
}

}  // namespace storage
