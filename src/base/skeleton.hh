#pragma once

namespace base {

// Where commands' files really lie in a root of links (exec::Skeleton). path_shim.c has the same. What is
// linked statically, and asks the kernel where it is, meets it. Part of what images hold: changing it changes
// them.
inline constexpr const char* kSkeletonTree = "/tmp/root";

}  // namespace base
