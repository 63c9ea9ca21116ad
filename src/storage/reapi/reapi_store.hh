#pragma once

#include "base/clock.hh"
#include "object/leases.hh"
#include "object/store.hh"
#include "storage/reapi/blob_calls.hh"
#include "storage/remote/flights.hh"

#include <chrono>
#include <string>

namespace storage {

// The objects of a Remote Execution server. Each call blocks for a round trip or more.
class ReapiStore final : public object::RemoteStore {
 public:
  struct Options : BlobCalls::Options {
    // How long what was seen there is believed. Servers keep what was looked at for longer than that.
    base::Nanoseconds lease = std::chrono::minutes(5);
    unsigned streams = 8;  // calls at once of one send or fetch
  };

  // Both outlive it.
  ReapiStore(net::GrpcService& service, const base::Clock& clock, Options options);

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

 private:
  using Digests = std::vector<object::Digest>;

  [[nodiscard]] base::Result<Digests> ask(const Digests& digests, const base::StillWanted& wanted);
  // Of none of them is it known whether they are there.
  [[nodiscard]] base::Result<Digests> send_unknown(const Digests& digests, Store& from,
                                                   const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> download(const Digests& digests, Store& into,
                                               const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> upload_batch(const Digests& batch, Store& from,
                                                   const base::StillWanted& wanted);
  [[nodiscard]] base::Result<Digests> download_batch(const Digests& batch, Store& into,
                                                     const base::StillWanted& wanted);

  // Batches that a call can carry; what is larger than that is alone in one.
  [[nodiscard]] std::vector<Digests> batches(const Digests& digests) const;
  [[nodiscard]] bool is_large(const object::Digest& digest) const;

  Options options_;
  BlobCalls calls_;
  object::Leases leases_;
  Flights sending_;
  Flights fetching_;
};

}  // namespace storage
