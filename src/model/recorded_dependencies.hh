#pragma once

#include "base/guarded.hh"
#include "model/absence.hh"
#include "model/compiler_dependencies.hh"
#include "model/dependencies.hh"
#include "model/facts_cache.hh"
#include "model/footprint_record.hh"

#include <atomic>
#include <memory>
#include <unordered_map>

namespace model {

// Asks the compiler once and remembers the answer, with all that it depends on, in object::kFootprintTable.
// While every file read has the bytes it had and every name looked for in vain is still absent, no process is
// started.
class RecordedDependencies final : public Dependencies {
 public:
  RecordedDependencies(View& view, object::Store& store, object::Records& records, const base::Clock& clock);

  [[nodiscard]] base::Result<PreprocessingAnswer> of(const PreprocessingQuestion& question) override;
  void forget(const PreprocessingQuestion& question) override;

  // How many questions the records answered, and how many the compiler did.
  struct Counts {
    uint64_t remembered = 0;
    uint64_t asked = 0;
  };

  [[nodiscard]] Counts counts() const { return {remembered_, asked_}; }

 private:
  using Record = std::shared_ptr<const FootprintRecord>;

  [[nodiscard]] base::Result<Record> remembered(const object::Digest& key);
  [[nodiscard]] base::Result<std::variant<bool, MustRead>> is_valid(const FootprintRecord& record);
  [[nodiscard]] base::Result<PreprocessingAnswer> ask(const PreprocessingQuestion& question,
                                                      const object::Digest& key);

  View& view_;
  object::Records& records_;
  const base::Clock& clock_;
  Compiler compiler_;
  FactsCache facts_;
  DirectoryNames directories_;
  base::Guarded<std::unordered_map<object::Digest, Record>> known_;
  std::atomic<uint64_t> remembered_{0};
  std::atomic<uint64_t> asked_{0};
};

}  // namespace model
