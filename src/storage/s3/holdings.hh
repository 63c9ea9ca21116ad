#pragma once

#include "base/clock.hh"
#include "storage/s3/bucket_calls.hh"
#include "storage/s3/pack_format.hh"

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace storage {

// What a bucket's packs hold. Learnt by listing them and reading their indexes, each once: an index is kept
// in a file here, since packs never change. The list is believed for a while (a lease); who finds a pack gone
// says so. Any thread.
class Holdings final : public PackPlaces {
 public:
  struct Options {
    std::string file;  // where the list and the indexes are kept; empty: nowhere
    // How long the list is believed by this process, and how old it may be when another has made it.
    base::Nanoseconds lease = std::chrono::minutes(5);
    base::Nanoseconds lease_of_others = std::chrono::minutes(1);
    unsigned streams = 16;
  };

  static constexpr const char* kFolder = "packs/";

  // Both outlive it.
  Holdings(BucketCalls& calls, const base::Clock& clock, Options options);

  // Writes down what was added.
  ~Holdings() override;

  // Lists the bucket, if the lease is over. One thread does, the others go on with what is known.
  [[nodiscard]] base::Result<void> renew(const base::StillWanted& wanted);

  [[nodiscard]] std::optional<Place> find(const object::Digest& digest) const override;
  [[nodiscard]] std::vector<PackedObject> between(const std::string& key, uint64_t offset,
                                                  uint64_t end) const override;

  // Nullopt: nobody has told of it.
  [[nodiscard]] std::optional<uint64_t> bytes_of(const std::string& key) const;

  [[nodiscard]] std::vector<object::Digest> lacking(const std::vector<object::Digest>& digests) const;
  [[nodiscard]] std::optional<object::Digest> result_of(const object::Digest& thunk) const;

  void add(const std::string& key, uint64_t bytes, PackIndex index);
  void lose_pack(const std::string& key) override;
  void lose(std::span<const object::Digest> digests) override;

 private:
  struct Pack {
    std::string name;  // the key without the folder
    uint64_t bytes = 0;
    PackIndex index;
    std::vector<uint32_t> by_offset;   // numbers of objects
    base::Nanoseconds known_since{0};  // steady
  };

  struct Entry {
    uint32_t pack = 0;
    uint32_t object = 0;
  };

  void read_file();
  void write_file();
  [[nodiscard]] base::Result<void> list(const base::StillWanted& wanted);
  void note(Pack pack);  // under mutex_
  void rebuild();        // under mutex_

  BucketCalls& calls_;
  const base::Clock& clock_;
  Options options_;
  std::mutex renewing_;
  base::Nanoseconds listed_{0};  // wall; under renewing_

  mutable std::shared_mutex mutex_;  // of all below
  base::Nanoseconds until_{0};       // steady
  std::vector<Pack> packs_;
  std::unordered_map<std::string, uint32_t> numbers_;  // of packs, by name
  std::unordered_map<object::Digest, Entry> objects_;
  std::unordered_map<object::Digest, object::Digest> memos_;
  std::unordered_set<object::Digest> lost_;     // until somebody sends them again
  std::unordered_set<std::string> unreadable_;  // names
  bool is_changed_ = false;                     // since the file was written
};

}  // namespace storage
