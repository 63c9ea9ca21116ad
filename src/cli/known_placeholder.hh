#pragma once

#include "cli/file_collector.hh"
#include "object/store.hh"
#include "object/tree.hh"

#include <optional>
#include <string>

struct stat;

namespace cli {

// The promise of the file, if it is a placeholder and the store knows the thunk. A store that cannot say
// whether it does makes it no ordinary file, whose text would then be read as data: it stays a promise, and
// whoever needs it kept hears of the store.
[[nodiscard]] std::optional<object::Promise> known_placeholder(object::Store& store, const std::string& path,
                                                               const struct stat& status);

// The same as a FileCollector wants it. `store` outlives the function.
[[nodiscard]] FileCollector::Placeholder known_placeholders(object::Store& store);

}  // namespace cli
