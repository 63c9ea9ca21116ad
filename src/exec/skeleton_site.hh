#pragma once

#include "exec/site.hh"
#include "object/store.hh"

#include <functional>
#include <memory>
#include <string>

namespace exec {

// Commands run in a Skeleton, one at a time. Their inputs are links to the objects of a cache that lies in
// /tmp, too, since there is no other place, and belongs to the same user. So whether they have touched it is
// looked at after each.
struct SkeletonOptions {
  std::string cache;  // a folder in /tmp, absolute; `store` has its objects in there
  std::function<void()>
      touched;  // something in it was changed: nothing of it may be given to another command
};

[[nodiscard]] base::Result<std::unique_ptr<Site>> make_skeleton_site(SkeletonOptions options,
                                                                     object::FileStore& store);

}  // namespace exec
