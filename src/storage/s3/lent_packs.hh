#pragma once

#include "base/guarded.hh"
#include "net/http.hh"
#include "object/lending.hh"
#include "storage/s3/pack_source.hh"

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace storage {

// Indexes of packs that were read once; packs never change. Any thread.
class PackIndexes {
 public:
  // Null: not known.
  [[nodiscard]] std::shared_ptr<const PackIndex> find(const std::string& name) const;
  void keep(const std::string& name, std::shared_ptr<const PackIndex> index);

 private:
  base::Guarded<std::unordered_map<std::string, std::shared_ptr<const PackIndex>>> known_;
};

// The packs that one invocation was lent, read with nothing but their URLs. Messages never show a URL: who
// has it may read.
class LentPacks final : public PackBytes, public PackPlaces {
 public:
  // Client and indexes outlive it.
  LentPacks(net::HttpClient& http, PackIndexes& indexes, const std::vector<object::LentPack>& packs);

  // Reads the indexes that are not known yet. The error: a pack cannot be read.
  [[nodiscard]] base::Result<void> open(const base::StillWanted& wanted);

  [[nodiscard]] base::Result<std::optional<std::string>> get(const std::string& key, Range range,
                                                             const base::StillWanted& wanted) override;
  [[nodiscard]] std::optional<Place> find(const object::Digest& digest) const override;
  [[nodiscard]] std::vector<PackedObject> between(const std::string& key, uint64_t offset,
                                                  uint64_t end) const override;
  void lose_pack(const std::string& key) override;
  void lose(std::span<const object::Digest> digests) override;

 private:
  struct Pack {
    object::LentPack lent;
    std::shared_ptr<const PackIndex> index;  // null until open(), or where there is none
  };

  net::HttpClient& http_;
  PackIndexes& indexes_;
  std::unordered_map<std::string, Pack> packs_;  // by name, which is the key here; fixed once it is open
};

// Writes a pack where it was lent a place for it. RetryHere: another place may do.
[[nodiscard]] base::Result<void> write_lent(net::HttpClient& http, const object::LentPlace& place,
                                            std::string_view bytes, const base::StillWanted& wanted);

}  // namespace storage
