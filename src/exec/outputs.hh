#pragma once

#include "exec/failure.hh"
#include "ir/dynamic.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <optional>
#include <string>

namespace exec {

// Takes what stands at `path` (below `root`, a directory's descriptor; "" is the root itself) into the store:
// a file, a whole directory or a symlink; nullopt if nothing stands there. Symlinks on the way are followed
// as the command would have: within the root. A fifo, socket or device is an error (Deterministic) that names
// it.
//
// What stands in `returned` at or below `path` is part of it, the directories on the way there too; an error
// (Deterministic) where the command has made something else there as well. Fails (RetryHere) once it is not
// wanted any more.
[[nodiscard]] Expected<std::optional<object::Entry>> collect(int root, const std::string& path,
                                                             object::Store& store,
                                                             const ir::Returned& returned = {},
                                                             const base::StillWanted& wanted = {});

}  // namespace exec
