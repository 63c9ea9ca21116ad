#pragma once

#include "cli/wire_up.hh"
#include "model/file_view.hh"
#include "model/gnu_models.hh"
#include "object/refilling_store.hh"

#include <functional>
#include <string>
#include <vector>

namespace cli {

// The models at work on this machine's files. What the view has seen is put into the store again for whoever
// misses it there.
class ModelsHere {
 public:
  // Told of each placeholder of this store that is looked at; any thread. May be empty.
  using SeePlaceholder = std::function<void(const std::string& path, const object::Promise& promise)>;

  // `described` are the tools that the user has described.
  explicit ModelsHere(Storage& storage, std::vector<model::DescribedTool> described = {},
                      SeePlaceholder see = nullptr);

  [[nodiscard]] model::GnuModels& models() { return models_; }

  // So that a placeholder at the path, or behind it, is seen.
  void look(const std::string& path) { (void)view_.look(path); }

 private:
  model::FileView view_;
  object::RefillingStore::Source source_;
  model::GnuModels models_;
};

}  // namespace cli
