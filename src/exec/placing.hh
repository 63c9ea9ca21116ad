#pragma once

#include "exec/failure.hh"
#include "exec/layout.hh"
#include "object/store.hh"

#include <string>

namespace exec {

// Makes what `node` says at the host's `path`, where nothing stands yet: links and copies as Farm says. Lost:
// the store no longer holds the file.
[[nodiscard]] Expected<void> put_in_place(const Node& node, const std::string& path,
                                          object::FileStore& store);

}  // namespace exec
