#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "model/held_files.hh"
#include "model/model.hh"
#include "object/store.hh"

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

struct stat;

namespace model {

struct HashOfIdentity {
  size_t operator()(const scan::Identity& identity) const noexcept;
};

// The user's files on this machine's disk. A file is hashed once for each state it is in. Any thread.
class FileView final : public View {
 public:
  // Is this regular file a placeholder? Called for each look, so it should rule out most by their size.
  using ReadPlaceholder =
      std::function<std::optional<object::Promise>(const std::string& path, const struct stat& status)>;

  // `records` carry what was hashed over to the next run.
  FileView(object::Store& store, object::Records& records, const base::Clock& clock,
           std::string pristine_root, ReadPlaceholder placeholder);
  ~FileView() override;

  [[nodiscard]] base::Result<std::optional<Seen>> see(const std::string& path) override;
  [[nodiscard]] std::optional<object::Digest> known(const scan::Identity& identity) override;
  [[nodiscard]] base::Result<scan::Contents> read(const std::string& path) override;
  [[nodiscard]] base::Result<bool> keep(const object::Digest& digest, const std::string& path) override;

  // Puts a kept object into the store again from one of the files that were seen to hold it (the last few).
  // False: none does any more.
  [[nodiscard]] bool put_again(const object::Digest& digest);

  [[nodiscard]] scan::Look look(const std::string& path) override;

  [[nodiscard]] std::string pristine_root() const override { return pristine_root_; }

 private:
  void load();
  void save();

  // Nullopt: something else is there by now than lstat() told of.
  [[nodiscard]] base::Result<std::optional<Seen>> see_as(const std::string& path, const struct stat& status);

  // The digest is that of this state of the file: it was the same before and after it was read. Nullopt: it
  // was another.
  [[nodiscard]] base::Result<std::optional<object::Digest>> hash_bytes(const std::string& path,
                                                                       const scan::Identity& expected);
  [[nodiscard]] base::Result<bool> put(const object::Digest& digest, const std::string& path);
  void remember(const scan::Identity& identity, const object::Digest& digest, base::Nanoseconds read_at);

  using Signatures = std::unordered_map<scan::Identity, object::Digest, HashOfIdentity>;

  object::Store& store_;
  object::Records& records_;
  const base::Clock& clock_;
  std::string pristine_root_;
  ReadPlaceholder placeholder_;
  base::Guarded<Signatures> signatures_;
  std::once_flag loaded_;              // the records have been read
  std::atomic<bool> has_news_{false};  // some of them are not in the records
  base::Guarded<HeldFiles> held_;      // during this run
};

}  // namespace model
