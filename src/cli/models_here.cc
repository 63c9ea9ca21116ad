#include "cli/models_here.hh"

#include "intercept/placeholder.hh"

#include <sys/stat.h>

#include <optional>
#include <utility>
#include <vector>

namespace cli {

namespace {

std::optional<object::Promise> known_placeholder(Storage& storage, const std::string& path,
                                                 const struct stat& status) {
  if (static_cast<size_t>(status.st_size) != intercept::kPlaceholderBytes) {
    return std::nullopt;
  }
  auto promise = intercept::read_placeholder(path);
  const auto missing =
      promise ? storage.store().missing({&promise->thunk, 1}) : base::Result<std::vector<object::Digest>>();
  return missing && missing->empty() ? promise : std::nullopt;
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
