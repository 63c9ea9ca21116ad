#pragma once

#include "base/result.hh"

#include <set>
#include <string>
#include <vector>

namespace model {

struct RuntimeFiles {
  std::set<std::string> files;
  std::set<std::string> looked_at;  // besides: what would be another answer if it came, went or changed
};

// Everything that ld.so opens to start the program at `path`: interpreter, libraries, theirs, and
// /etc/ld.so.cache where a library is found by nothing else (ld.so(8)). The program itself included; paths as
// they are looked up, symlinks not resolved. A script brings its interpreter. Errors name the library that
// isn't found and who needs it.
[[nodiscard]] base::Result<RuntimeFiles> runtime_files(const std::string& path);

}  // namespace model
