#pragma once

#include "base/result.hh"

#include <set>
#include <string>

namespace model {

// Everything that ld.so opens to start the program at `path`: interpreter, libraries, theirs, and
// /etc/ld.so.cache where a library is found by nothing else (ld.so(8)). The program itself included; paths as
// they are looked up, symlinks not resolved. A script brings its interpreter. Errors name the library that
// isn't found and who needs it.
// Into `looked_at` goes, after a failure, too, every path, there or not, whose change would be another
// answer.
[[nodiscard]] base::Result<std::set<std::string>> runtime_files(const std::string& path,
                                                                std::set<std::string>& looked_at);

}  // namespace model
