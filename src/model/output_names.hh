#pragma once

#include "model/gcc_command.hh"

#include <string>
#include <vector>

namespace model {

// Where the object of `source` goes, as the driver names it (relative to the working directory or absolute).
[[nodiscard]] std::string object_path(const GccCommand& command, const Source& source);

// A file that is made beside the object: ".dwo", ".gcno", …
[[nodiscard]] std::string beside_path(const GccCommand& command, const Source& source,
                                      const std::string& suffix);

// Where releases of the compiler look for what -fprofile-use reads: gcc for a profile of each object, clang
// for one of the program. `directories`: names of the working directory.
[[nodiscard]] std::vector<std::string> profile_paths(Driver driver, const GccCommand& command,
                                                     const Source& source,
                                                     const std::vector<std::string>& directories);

// Where -MD writes, as the driver names it.
[[nodiscard]] std::string depfile_path(const GccCommand& command, const Source& source);

}  // namespace model
