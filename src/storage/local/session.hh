#pragma once

#include "base/clock.hh"
#include "base/unique_fd.hh"

#include <atomic>
#include <string>
#include <vector>

// Who is using the store now. Each open store holds a lock on a file of its own in tmp/, named by when it
// began; the kernel drops the lock with the process, however that dies. So whatever stands in tmp/ can be
// told to be somebody's or nobody's, and gc knows since when objects may be in use.
namespace storage {

class Session {
 public:
  // Throws SyscallError.
  Session(const std::string& temporaries, base::Nanoseconds wall_now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Since 1970 UTC.
  [[nodiscard]] base::Nanoseconds start() const { return start_; }

  // A path in tmp/ that nobody else is given (a forked child may be: create with O_EXCL). Any thread.
  [[nodiscard]] std::string temporary_path();

 private:
  std::string prefix_;  // tmp/<start>-<pid>-<counter>
  base::Nanoseconds start_;
  base::UniqueFd lock_;
  std::atomic<uint64_t> next_{0};
};

enum class Sweep : uint8_t { Report, Remove };

struct SessionSurvey {
  std::vector<base::Nanoseconds> live_since;  // of each live session
  std::vector<std::string> orphans;           // paths of dead sessions' temporaries; removed if so told
};

// Looks at all sessions. Locks of dead ones go along with their temporaries. Throws SyscallError.
[[nodiscard]] SessionSurvey survey_sessions(const std::string& temporaries, Sweep sweep);

}  // namespace storage
