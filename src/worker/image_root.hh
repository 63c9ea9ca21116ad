#pragma once

#include <string>
#include <vector>

namespace worker {

// What a function of this program is, as a directory tree: the root of a container image, or of whatever runs
// it where there may be no containers (exec::Skeleton). Holds this very program with its loader, libraries
// and the path shim below /gg; a skeleton of links for what stands at the top of this machine's root, and of
// its /etc; and the mount points that any place wants.
//
// Makes all that at `directory`, which may not exist yet. Says how to start the worker there. `authorities`:
// a file (PEM), whom it trusts; empty: whom this machine trusts. Throws base::SyscallError, or
// base::OperatorError where this machine trusts nobody.
[[nodiscard]] std::vector<std::string> make_image_root(const std::string& directory,
                                                       const std::string& authorities);

}  // namespace worker
