#pragma once

#include "base/result.hh"
#include "base/still_wanted.hh"
#include "storage/s3/pack_format.hh"

#include <optional>
#include <span>
#include <string>
#include <vector>

// What reading packs takes: their bytes, and knowing what is where. Any thread.
namespace storage {

class PackBytes {
 public:
  PackBytes() = default;
  PackBytes(const PackBytes&) = delete;
  PackBytes& operator=(const PackBytes&) = delete;
  virtual ~PackBytes() = default;

  struct Range {
    uint64_t offset = 0;
    uint64_t bytes = 0;
  };

  // These very bytes; nullopt: there is no such key, or it ends before.
  [[nodiscard]] virtual base::Result<std::optional<std::string>> get(const std::string& key, Range range,
                                                                     const base::StillWanted& wanted) = 0;
};

class PackPlaces {
 public:
  PackPlaces() = default;
  PackPlaces(const PackPlaces&) = delete;
  PackPlaces& operator=(const PackPlaces&) = delete;
  virtual ~PackPlaces() = default;

  struct Place {
    std::string key;  // of the pack
    PackedObject object;
  };

  [[nodiscard]] virtual std::optional<Place> find(const object::Digest& digest) const = 0;

  // What lies in that pack behind `offset`, and ends before `end`; by offset.
  [[nodiscard]] virtual std::vector<PackedObject> between(const std::string& key, uint64_t offset,
                                                          uint64_t end) const = 0;

  // The pack is not there; these objects are not, or not as they should be.
  virtual void lose_pack(const std::string& key) = 0;
  virtual void lose(std::span<const object::Digest> digests) = 0;
};

// The index of a pack that has so many bytes. Nullopt: there is no such pack, or it is none.
[[nodiscard]] base::Result<std::optional<PackIndex>> read_index(PackBytes& packs, const std::string& key,
                                                                uint64_t bytes,
                                                                const base::StillWanted& wanted);

}  // namespace storage
