#pragma once

#include "intercept/journal.hh"

#include <optional>
#include <string>

namespace cli {

// Where a command outside any session puts files in place, written down, so that the next one of its kind
// finds the temporaries if this is killed. Nothing is written before there is something to put.
class PlacingRecord {
 public:
  explicit PlacingRecord(std::string store);
  ~PlacingRecord();
  PlacingRecord(const PlacingRecord&) = delete;
  PlacingRecord& operator=(const PlacingRecord&) = delete;

  // Just before a file is put at `path`. Throws SyscallError.
  void will_place(const std::string& path);

  // What those that were killed have left goes; will_place() sees to that by itself. Throws SyscallError.
  void clear_up();

 private:
  std::string state_dir_;
  std::optional<intercept::Journal> journal_;
};

}  // namespace cli
