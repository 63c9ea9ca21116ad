#include "cli/models_here.hh"

#include "intercept/placeholder.hh"

#include <sys/stat.h>

#include <optional>
#include <utility>
#include <vector>

namespace cli {

namespace {

// A store that cannot say whether it knows the promise does not make the placeholder an ordinary file, whose
// text a command would then read as data: it stays a promise, and whoever needs it kept hears of the store.
std::optional<object::Promise> known_placeholder(Storage& storage, const std::string& path,
                                                 const struct stat& status) {
  if (static_cast<size_t>(status.st_size) != intercept::kPlaceholderBytes) {
    return std::nullopt;
  }
  auto promise = intercept::read_placeholder(path);
  if (!promise) {
    return std::nullopt;
  }
  const auto missing = storage.store().missing({&promise->thunk, 1});
  return missing && !missing->empty() ? std::nullopt : promise;
}

}  // namespace

ModelsHere::ModelsHere(Storage& storage, std::vector<model::DescribedTool> described, SeePlaceholder see)
    : view_(storage.refilling(), storage.records(), storage.clock(), "",
            [&storage, see = std::move(see)](const std::string& path, const struct stat& status) {
              auto promise = known_placeholder(storage, path, status);
              if (promise && see) {
                see(path, *promise);
              }
              return promise;
            }),
      source_(storage.refilling(), [this](const object::Digest& digest) { return view_.put_again(digest); }),
      models_(view_, storage.refilling(), storage.records(), std::move(described)) {}

}  // namespace cli
