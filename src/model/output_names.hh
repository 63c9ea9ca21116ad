#pragma once

#include "model/gcc_command.hh"

#include <string>

namespace model {

// Where the object of `source` goes, as the driver names it (relative to the working directory or absolute).
[[nodiscard]] std::string object_path(const GccCommand& command, const Source& source);

// A file that is made beside the object: ".dwo", ".gcno", …
[[nodiscard]] std::string beside_path(const GccCommand& command, const Source& source,
                                      const std::string& suffix);

// Where -MD writes, as the driver names it.
[[nodiscard]] std::string depfile_path(const GccCommand& command, const Source& source);

}  // namespace model
