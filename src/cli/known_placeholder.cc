#include "cli/known_placeholder.hh"

#include "intercept/placeholder.hh"

#include <sys/stat.h>

namespace cli {

std::optional<object::Promise> known_placeholder(object::Store& store, const std::string& path,
                                                 const struct stat& status) {
  auto promise = intercept::read_placeholder(path, status);
  if (!promise) {
    return std::nullopt;
  }
  const auto missing = store.missing({&promise->thunk, 1});
  return missing && !missing->empty() ? std::nullopt : promise;
}

FileCollector::Placeholder known_placeholders(object::Store& store) {
  return [&store](const std::string& path, const struct stat& status) {
    return known_placeholder(store, path, status);
  };
}

}  // namespace cli
