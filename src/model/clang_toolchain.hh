#pragma once

#include "base/result.hh"
#include "model/toolchain.hh"

#include <string>

namespace model {

// The clang at `driver` for somebody with that PATH: itself (compiler and assembler are within), its resource
// directory, the GCC installation that it borrows start files and libraries of, what it looks at to know the
// distribution by, and ld. Its `identity` is not set.
[[nodiscard]] base::Result<Toolchain> discover_clang(const std::string& driver,
                                                     const std::string& path_variable,
                                                     const std::string& linker,
                                                     const std::vector<std::string>& words,
                                                     const std::string& pristine_root);

}  // namespace model
