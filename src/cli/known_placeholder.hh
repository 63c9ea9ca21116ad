#pragma once

#include "cli/file_collector.hh"
#include "intercept/placeholder.hh"
#include "object/store.hh"

namespace cli {

// Takes a placeholder whose thunk the store holds for its promise, so that what is made of it waits for the
// real file. `store` outlives the function.
[[nodiscard]] inline FileCollector::Placeholder known_placeholders(object::Store& store) {
  return [&store](const std::string& path, const struct stat& status) -> std::optional<object::Promise> {
    auto promise = intercept::read_placeholder(path, status);
    const auto lacking =
        promise ? store.missing({&promise->thunk, 1}) : base::Result<std::vector<object::Digest>>();
    return promise && lacking && lacking->empty() ? promise : std::nullopt;
  };
}

}  // namespace cli
