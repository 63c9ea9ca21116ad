#pragma once

#include "object/digest.hh"
#include "storage/local/layout.hh"

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

// Listing what a store holds without ever following a symlink.
namespace storage {

// Names in a directory, sorted, without "." and "..". None if the directory is gone. Throws SyscallError
// (also when `directory` is a symlink).
[[nodiscard]] std::vector<std::string> names_in(const std::string& directory);

struct ObjectFile {
  object::Digest::Hash hash;  // what its name says
  std::string path;
  struct stat status;
};

struct Visitor {
  std::function<void(const ObjectFile&)> object;
  std::function<void(const std::string& path)> stranger;  // what no gg put there
};

// Visits all regular files with an object's name below `folder` (objects/ or exec/). What vanishes while we
// look is passed over. Throws SyscallError.
void walk_objects(const std::string& folder, const Visitor& visitor);

}  // namespace storage
