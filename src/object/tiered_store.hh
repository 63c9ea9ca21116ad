#pragma once

#include "object/store.hh"

namespace object {

// A store here with one far away behind it: what is put goes here, and what is not here is looked for there,
// and brought here at its first use. Any thread; both must outlive it.
class TieredStore final : public FileStore {
 public:
  TieredStore(FileStore& here, RemoteStore& there) : here_(here), there_(there) {}

  [[nodiscard]] base::Result<std::optional<std::string>> get(const Digest& digest) override;
  [[nodiscard]] base::Result<Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<Digest> put_file(int fd, std::string_view subject,
                                              const base::StillWanted& wanted) override;

  // Those that neither has.
  [[nodiscard]] base::Result<std::vector<Digest>> missing(std::span<const Digest> digests) override;

  [[nodiscard]] base::Result<bool> place(const Digest& digest, bool executable, const std::string& path,
                                         Placing placing) override;

  void expect_placing(std::span<const Digest> digests) override;

 private:
  [[nodiscard]] base::Result<bool> bring(const Digest& digest);

  FileStore& here_;
  RemoteStore& there_;
};

}  // namespace object
