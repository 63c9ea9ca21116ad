#include "model/facts_cache.hh"

namespace model {

base::Result<std::shared_ptr<const SourceFacts>> FactsCache::of(const object::Digest& digest) {
  const auto known = known_.with([&](const auto& all) {
    const auto found = all.find(digest);
    return found == all.end() ? nullptr : found->second;
  });
  if (known) {
    return known;
  }
  const auto bytes = store_.get(digest);
  if (!bytes) {
    return tl::unexpected(bytes.error());
  }
  if (!*bytes) {
    return base::failure("the store lost the object " + digest.to_string() + " right after it was put there",
                         base::FailureKind::RetryHere);
  }
  auto facts = std::make_shared<const SourceFacts>(facts_of(**bytes));
  known_.with([&](auto& all) { all.emplace(digest, facts); });
  return facts;
}

}  // namespace model
