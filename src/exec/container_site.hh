#pragma once

#include "exec/site.hh"
#include "object/store.hh"

#include <memory>
#include <string>

namespace exec {

// A container for each command, on a farm. `store` outlives it; `directory` as in Executor::open. The error
// says what is refused.
[[nodiscard]] base::Result<std::unique_ptr<Site>> make_container_site(const std::string& directory,
                                                                      object::FileStore& store);

}  // namespace exec
