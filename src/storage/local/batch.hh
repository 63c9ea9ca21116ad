#pragma once

#include "storage/local/store.hh"

#include <unordered_map>

namespace storage {

// A local store for somebody who makes thousands of small objects: they are kept in memory until flush(),
// which writes few as files and many as one pack. Until then the store does not hold them: do not give a name
// away before. One thread.
class Batch final : public object::Store {
 public:
  // `store` outlives this.
  explicit Batch(LocalStore& store) : store_(store) {}

  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override;
  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override;

  [[nodiscard]] base::Result<void> flush();

 private:
  LocalStore& store_;
  std::unordered_map<object::Digest, std::string> pending_;
};

}  // namespace storage
