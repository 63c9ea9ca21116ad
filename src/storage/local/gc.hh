#pragma once

#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <cstdint>

namespace storage {

// The kernel's own marks of use (relatime) come from a clock that ticks this coarsely at worst: what was used
// less than this before the store was opened counts as used since. Whoever wants to be rid of that, too,
// opens the store this much later.
inline constexpr base::Nanoseconds kClockTick = std::chrono::milliseconds(50);

struct GcReport {
  uint64_t objects = 0;          // found
  uint64_t bytes = 0;            // on disk, in blocks of 4 KiB, executable twins and quarantine included
  uint64_t removed_objects = 0;  //
  uint64_t removed_bytes = 0;
  uint64_t in_use_objects = 0;       // kept though over the size, since a live process may rely on them
  uint64_t removed_temporaries = 0;  // of dead processes
  uint64_t removed_records = 0;

  bool operator==(const GcReport&) const = default;

  [[nodiscard]] uint64_t kept_bytes() const { return bytes - removed_bytes; }
};

// Removes what quarantine/ holds, then the least recently used objects, until at most `target_bytes` are
// left; and records that were last used before the newest object that went, since their outputs are gone.
// Removes temporaries of dead processes in any case. Follows no symlink and touches no file whose name is not
// an object's.
//
// Safe while others work: what a live session (also one of this process) has used is kept, for 24 hours, and
// so is what anyone uses from now on: an object goes by a rename into tmp/ and a second look at its time of
// last use, so that a put() which found it there either renews that time first, and it goes back, or finds it
// gone, and writes it anew. What remains: between rename and return a reader may be told "not held" of an
// object that nobody had used for long, and clock steps can make a use look older than it is. Both cost a
// re-run, no more.
//
// One at a time: a second one fails with RetryHere.
[[nodiscard]] base::Result<GcReport> collect_garbage(LocalStore& store, LocalRecords& records,
                                                     uint64_t target_bytes, const base::Clock& clock);

}  // namespace storage
