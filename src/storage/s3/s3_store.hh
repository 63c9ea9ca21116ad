#pragma once

#include "base/clock.hh"
#include "object/store.hh"
#include "storage/remote/flights.hh"
#include "storage/s3/bucket_calls.hh"
#include "storage/s3/holdings.hh"

#include <string>
#include <vector>

namespace storage {

// The objects and memos of a bucket: all in packs (docs/decisions/s3-store.md). Each call blocks for a round
// trip or more.
class S3Store final : public object::MemoStore {
 public:
  struct Options {
    Holdings::Options holdings;
    uint64_t pack_bytes = uint64_t{8} << 20U;   // before compression; the pack is sent when it has so many
    uint64_t alone_bytes = uint64_t{1} << 20U;  // an object as large as that has a pack of its own
    // What is fetched at least, if a pack has so much behind the object that is asked for: the outputs of a
    // result lie behind it, and then those that were made next.
    uint64_t read_ahead = uint64_t{256} << 10U;
    unsigned streams = 8;  // requests at once of one send or fetch
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

 private:
  using Digests = std::vector<object::Digest>;

  struct Span {
    std::string key;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    std::vector<PackedObject> objects;
  };

  [[nodiscard]] std::vector<Digests> groups(const Digests& digests) const;
  [[nodiscard]] base::Result<Digests> upload(const std::vector<Digests>& groups, std::span<const Memo> memos,
                                             Store& from, const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> upload_pack(const Digests& digests, std::span<const Memo> memos,
                                                  Store& from, const base::StillWanted& wanted);
  // More of what lies behind a span, as far as `into` lacks it and nobody else fetches it.
  [[nodiscard]] std::vector<PackedObject> ahead_of(const Span& span, Store& into) const;
  [[nodiscard]] std::vector<Span> spans(const Digests& digests, Digests& absent) const;
  enum class ReadAhead { No, Yes };
  [[nodiscard]] base::Result<Digests> bring(std::span<const object::Digest> digests, Store& into,
                                            ReadAhead ahead, const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> download(const Digests& digests, Store& into, ReadAhead ahead,
                                               const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> download_span(const Span& span, Store& into,
                                                    const base::StillWanted& wanted);

  BucketCalls& calls_;
  Options options_;
  Holdings holdings_;
  Flights sending_;
  Flights fetching_;
};

}  // namespace storage
