#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace model {

// Where a machine looks for shared libraries when nothing says otherwise: ld.so.conf with its includes, then
// the loader's own /lib and /usr/lib (ld.so(8)). Read once.
[[nodiscard]] std::vector<std::string> system_library_directories();

// Everything the dynamic loader opens to start `program` (absolute path): interpreter and libraries, found as
// ld.so finds them; the program itself not included. Throws base::OperatorError naming a library that is
// nowhere.
[[nodiscard]] std::set<std::string> loader_closure(const std::string& program,
                                                   const std::vector<std::string>& library_directories);

}  // namespace model
