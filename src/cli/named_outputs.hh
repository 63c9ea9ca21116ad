#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

// What a compiler's, linker's or archiver's command line says that it makes, as far as its words alone tell:
// -o FILE and its like, a compiler's own names where there is none, the archive of ar, the files that strip
// works on. Absolute, as typed below `directory`. None for a command that only reads, which `reason`, why it
// ran natively, may tell. For `gg explain` of commands without a thunk, whose outputs no model has told.
[[nodiscard]] std::vector<std::string> named_outputs(const std::vector<std::string>& argv,
                                                     const std::string& directory, std::string_view reason);

}  // namespace cli
