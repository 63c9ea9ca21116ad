#pragma once

#include "base/guarded.hh"
#include "object/store.hh"

#include <map>
#include <unordered_map>

namespace object {

// Objects in memory: for tests and for what never leaves a process. Any thread.
class MemoryStore final : public Store {
 public:
  [[nodiscard]] base::Result<std::optional<std::string>> get(const Digest& digest) override;
  [[nodiscard]] base::Result<Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<Digest> put_file(int fd, std::string_view subject,
                                              const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override;

  // As if it had been collected.
  void forget(const Digest& digest);

 private:
  base::Guarded<std::unordered_map<Digest, std::string>> objects_;
};

class MemoryRecords final : public Records {
 public:
  [[nodiscard]] base::Result<std::optional<std::string>> find(std::string_view table,
                                                              const Digest& key) override;
  [[nodiscard]] base::Result<void> record(std::string_view table, const Digest& key,
                                          std::string_view value) override;

 private:
  base::Guarded<std::map<std::pair<std::string, Digest>, std::string>> records_;
};

}  // namespace object
