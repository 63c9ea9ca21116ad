#pragma once

#include <string>

namespace sandbox {

// The seccomp program that every container runs under, as an array of sock_filter: what can be called, not
// what can be reached (that is for the namespaces). Throws base::OperatorError where libseccomp cannot make
// it.
[[nodiscard]] std::string seccomp_filter();

}  // namespace sandbox
