#pragma once

#include "base/guarded.hh"
#include "base/result.hh"
#include "model/source_facts.hh"
#include "object/store.hh"

#include <memory>
#include <unordered_map>

namespace model {

// The facts of each source text, looked for once. Any thread.
class FactsCache {
 public:
  explicit FactsCache(object::Store& store) : store_(store) {}

  // Of the object `digest`, which the store holds.
  [[nodiscard]] base::Result<std::shared_ptr<const SourceFacts>> of(const object::Digest& digest);

 private:
  object::Store& store_;
  base::Guarded<std::unordered_map<object::Digest, std::shared_ptr<const SourceFacts>>> known_;
};

}  // namespace model
