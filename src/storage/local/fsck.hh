#pragma once

#include "storage/local/records.hh"
#include "storage/local/store.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace storage {

struct FsckReport {
  uint64_t objects = 0;
  uint64_t bytes = 0;
  std::vector<std::string> damaged;      // paths of objects (and twins) whose bytes don't match their name
  std::vector<std::string> strangers;    // what no gg put there; left alone
  std::vector<std::string> temporaries;  // left by dead processes
  LocalRecords::Health records;

  // Temporaries and strangers harm nobody.
  [[nodiscard]] bool is_sound() const {
    return damaged.empty() && records.damaged == 0 && records.problem.empty();
  }
};

enum class Repair : uint8_t {
  No,  // only reports
  Yes  // quarantines damaged objects, drops damaged records (or the whole database), removes temporaries
};

// Hashes every object, checks every record, and lists what does not belong. Safe while others work; an object
// that comes or goes meanwhile may or may not be counted. Does not change any object's time of last use.
[[nodiscard]] base::Result<FsckReport> check_store(LocalStore& store, LocalRecords& records, Repair repair);

}  // namespace storage
