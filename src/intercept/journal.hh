#pragma once

#include "base/unique_fd.hh"

#include <set>
#include <string>
#include <vector>

namespace intercept {

// Where a session stands in the user's tree, so that the next one can clean up after a kill -9: an
// append-only file of NUL-ended paths at which it wrote placeholders, locked while the session lives. A path
// is recorded before its placeholder is written. One thread at a time.
class Journal {
 public:
  // A new journal below state_dir. Throws SyscallError.
  explicit Journal(const std::string& state_dir);
  ~Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Of a file, or, with a '/' at its end, of a directory of the session's own. Throws SyscallError (disk
  // full).
  void record(const std::string& path);

  // Placeholders may come about anywhere below `folder`. Lasts through a loss of power, which takes back
  // single paths recorded since: then all of the folder is searched. Throws SyscallError.
  void record_search(const std::string& folder);

  // A file will be written at `path` by way of a temporary beside it.
  void record_temporaries_beside(const std::string& path);

  // Nothing of this session is left to clean up.
  void forget();

 private:
  std::string path_;
  base::UniqueFd file_;
  std::set<std::string> folders_;  // where temporaries may be, and which are recorded as such
};

enum class CleanUp {
  Everything,
  OfPlacing  // only after those that put files in place and wrote no placeholder, such as gg force
};

struct CleanedUp {
  std::vector<std::string> removed;  // placeholders
  unsigned living = 0;               // sessions with a journal, the caller's own among them
};

// Removes placeholders and temporaries that sessions left which are no more. Throws SyscallError.
CleanedUp clean_up_after_dead_sessions(const std::string& state_dir, CleanUp which = CleanUp::Everything);

}  // namespace intercept
