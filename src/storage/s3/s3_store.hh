#pragma once

#include "base/clock.hh"
#include "base/guarded.hh"
#include "object/lending.hh"
#include "object/store.hh"
#include "storage/remote/flights.hh"
#include "storage/s3/bucket_calls.hh"
#include "storage/s3/holdings.hh"
#include "storage/s3/pack_reader.hh"

#include <string>
#include <unordered_map>
#include <vector>

namespace storage {

// The objects and memos of a bucket: all in packs (docs/decisions/s3-store.md). Each call blocks for a round
// trip or more.
class S3Store final : public object::MemoStore, public object::Lender {
 public:
  struct Options {
    Holdings::Options holdings;
    uint64_t pack_bytes = uint64_t{8} << 20U;   // before compression; the pack is sent when it has so many
    uint64_t alone_bytes = uint64_t{1} << 20U;  // an object as large as that has a pack of its own
    unsigned streams = 8;                       // requests at once of one send
    PackReader::Options reading;
  };

  // Both outlive it.
  S3Store(BucketCalls& calls, const base::Clock& clock, Options options);

  // Looks what is there. The error is for the operator.
  [[nodiscard]] base::Result<void> open() { return holdings_.renew({}); }

  [[nodiscard]] base::Result<std::optional<std::string>> get(const object::Digest& digest) override;
  [[nodiscard]] base::Result<object::Digest> put(std::string_view bytes) override;
  [[nodiscard]] base::Result<object::Digest> put_file(int fd, std::string_view subject,
                                                      const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(
      std::span<const object::Digest> digests) override;

  [[nodiscard]] base::Result<std::vector<object::Digest>> send(std::span<const object::Digest> digests,
                                                               Store& from,
                                                               const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<std::vector<object::Digest>> fetch(std::span<const object::Digest> digests,
                                                                Store& into,
                                                                const base::StillWanted& wanted) override;
  void distrust(std::span<const object::Digest> digests) override;

  [[nodiscard]] base::Result<std::optional<object::Digest>> result_of(const object::Digest& thunk) override;
  [[nodiscard]] base::Result<std::vector<object::Digest>> send_memos(
      std::span<const Memo> memos, std::span<const object::Digest> digests, Store& from,
      const base::StillWanted& wanted) override;

  [[nodiscard]] base::Result<std::vector<object::LentPack>> lend(std::span<const object::Digest> digests,
                                                                 std::chrono::seconds lifetime,
                                                                 const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<object::LentPlace> lend_place(const object::Digest& thunk, uint64_t attempt,
                                                           std::chrono::seconds lifetime,
                                                           const base::StillWanted& wanted) override;
  [[nodiscard]] base::Result<void> take_over(const std::string& name, uint64_t bytes,
                                             std::string_view index_and_footer) override;

 private:
  using Digests = std::vector<object::Digest>;

  [[nodiscard]] base::Result<std::string> url_of(const std::string& key, std::chrono::seconds lifetime,
                                                 const base::StillWanted& wanted);
  [[nodiscard]] std::vector<Digests> groups(const Digests& digests) const;
  [[nodiscard]] base::Result<Digests> upload(const std::vector<Digests>& groups, std::span<const Memo> memos,
                                             Store& from, const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> upload_pack(const Digests& digests, std::span<const Memo> memos,
                                                  Store& from, const base::StillWanted& wanted);
  BucketCalls& calls_;
  const base::Clock& clock_;
  Options options_;
  Holdings holdings_;
  Flights sending_;
  Flights fetching_;
  PackReader reader_;
  base::Guarded<std::unordered_map<std::string, BucketCalls::Lent>> lent_;  // for reading, by key
};

}  // namespace storage
