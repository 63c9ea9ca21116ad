#include "cli/models_here.hh"

#include "cli/known_placeholder.hh"

#include <optional>
#include <utility>
#include <vector>

namespace cli {

ModelsHere::ModelsHere(Storage& storage, std::vector<model::DescribedTool> described, SeePlaceholder see)
    : view_(storage.refilling(), storage.records(), storage.clock(), "",
            [&storage, see = std::move(see)](const std::string& path, const struct stat& status) {
              auto promise = known_placeholder(storage.store(), path, status);
              if (promise && see) {
                see(path, *promise);
              }
              return promise;
            }),
      source_(storage.refilling(), [this](const object::Digest& digest) { return view_.put_again(digest); }),
      models_(view_, storage.refilling(), storage.records(), std::move(described)) {}

}  // namespace cli
