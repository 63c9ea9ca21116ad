#pragma once

#include <sys/types.h>

#include <set>
#include <string>

namespace sandbox {

// The seccomp program that every container runs under, as an array of sock_filter: what can be called, not
// what can be reached (that is for the namespaces). Throws base::OperatorError where libseccomp cannot make
// it.
[[nodiscard]] std::string seccomp_filter();

// That of commands in a root that is shared: no socket of any kind, no look into other processes, no signal
// to the `guarded` ones and their groups, nothing that stays in the kernel when they end. Likewise.
[[nodiscard]] std::string seccomp_filter_without_namespaces(const std::set<pid_t>& guarded);

}  // namespace sandbox
