#pragma once

#include "base/guarded.hh"
#include "model/scan/file_system.hh"

#include <memory>
#include <string>
#include <unordered_map>

namespace model::scan {

// What is in directories, by the state they are in: most headers are looked for in several directories that
// do not have them, and a directory that has not changed has to be asked but once. Thread-safe.
class Listings {
 public:
  explicit Listings(FileSystem& files) : files_(files) {}

  // The names in the directory in the state `identity`, as FileSystem::names_in. Null also when this state is
  // asked for the first time: one that changes with each command is not worth its listing.
  [[nodiscard]] std::shared_ptr<const DirectoryNames> of(const std::string& directory,
                                                         const Identity& identity);

 private:
  struct Entry {
    Identity identity;
    bool listed = false;
    std::shared_ptr<const DirectoryNames> names;
  };

  FileSystem& files_;
  base::Guarded<std::unordered_map<std::string, Entry>> entries_;
};

}  // namespace model::scan
