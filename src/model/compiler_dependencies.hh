#pragma once

#include "model/dependencies.hh"
#include "model/file_facts.hh"
#include "object/store.hh"

namespace model {

// Asks the real compiler (-M), and remembers what it said together with every name that it looked for and did
// not find, so that the answer holds until one of the files changes or one of the absent ones appears.
class CompilerDependencies final : public DependencySource {
 public:
  CompilerDependencies(View& view, FileFacts& facts, object::Records& records)
      : view_(view), facts_(facts), records_(records) {}

  [[nodiscard]] Discovered find(const TranslationUnit& unit) override;
  void forget(const TranslationUnit& unit) override;

 private:
  [[nodiscard]] std::optional<Dependencies> remembered(const TranslationUnit& unit);
  void remember(const TranslationUnit& unit, const Dependencies& dependencies);
  [[nodiscard]] std::vector<std::string> search_directories(const TranslationUnit& unit);

  View& view_;
  FileFacts& facts_;
  object::Records& records_;
};

}  // namespace model
