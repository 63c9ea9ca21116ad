#pragma once

#include "base/result.hh"
#include "net/grpc_service.hh"
#include "object/digest.hh"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace storage {

// The calls that move blobs, one method a call; each is tried again where that may help. Any thread.
class BlobCalls {
 public:
  using Blob = std::pair<object::Digest, std::string>;

  // What the server says.
  struct Options {
    std::string instance;
    uint64_t batch_bytes = 0;   // 0: it does not say
    bool zstd_streams = false;  // it takes and gives them compressed
    bool zstd_batches = false;  // it takes them with compressed blobs
  };

  BlobCalls(net::GrpcService& service, const Options& options);

  // What may go into one batch, all blobs with their kBlobOverhead together.
  [[nodiscard]] uint64_t batch_bytes() const { return batch_bytes_; }

  static constexpr uint64_t kBlobOverhead = 160;  // names and framing
  static constexpr size_t kDigestsAtOnce = 10'000;

  // At most kDigestsAtOnce.
  [[nodiscard]] base::Result<std::vector<object::Digest>> missing(std::span<const object::Digest> digests,
                                                                  const base::StillWanted& wanted);

  // All of them are there afterwards.
  [[nodiscard]] base::Result<void> update(std::span<const Blob> blobs, const base::StillWanted& wanted);

  // What came, as it came: names are not checked. Those that the server lacks are left out.
  [[nodiscard]] base::Result<std::vector<Blob>> read(std::span<const object::Digest> digests,
                                                     const base::StillWanted& wanted);

  // One blob of any size. A transfer that broke goes on where it broke.
  [[nodiscard]] base::Result<void> write_stream(const Blob& blob, const base::StillWanted& wanted);
  [[nodiscard]] base::Result<std::optional<std::string>> read_stream(const object::Digest& digest,
                                                                     const base::StillWanted& wanted);

 private:
  [[nodiscard]] static std::optional<std::string> plain(const object::Digest& digest, std::string&& data,
                                                        int compressor);
  [[nodiscard]] base::Error failed(const grpc::Status& status, const std::string& attempt) const;

  net::GrpcService& service_;
  std::string instance_;
  std::string prefix_;  // of resource names
  uint64_t batch_bytes_;
  bool zstd_streams_;
  bool zstd_batches_;
};

}  // namespace storage
