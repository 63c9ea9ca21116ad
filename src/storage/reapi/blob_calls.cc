#include "storage/reapi/blob_calls.hh"

#include "base/zstd.hh"
#include "net/grpc_failure.hh"
#include "object/wire.hh"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"
#include "google/bytestream/bytestream.grpc.pb.h"

namespace storage {

namespace {

namespace re = build::bazel::remote::execution::v2;
namespace bs = google::bytestream;
using std::chrono::seconds;

// gRPC servers refuse messages above 4 MiB unless told otherwise, whatever batch size they name.
constexpr uint64_t kLargestBatch = (4U << 20U) - (64U << 10U);
constexpr size_t kPiece = 256U << 10U;

// Beyond these the connection counts as dead.
constexpr seconds kShortCall{30};
constexpr seconds kBatchCall{120};
constexpr seconds kStreamCall{1800};

// Not worth the time below this; and what hardly shrinks (archives, pictures) goes as it is.
constexpr size_t kLeastCompressed = 512;

std::optional<std::string> worth_compressing(const std::string& bytes) {
  if (bytes.size() < kLeastCompressed) {
    return std::nullopt;
  }
  std::string frame = base::zstd_compressed(bytes);
  return frame.size() < bytes.size() - bytes.size() / 8 ? std::optional(std::move(frame)) : std::nullopt;
}

std::string unique_name() {
  thread_local std::mt19937_64 random(std::random_device{}());
  const uint64_t high = random();
  const uint64_t low = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xfffU, 0x8000U | ((low >> 48U) & 0x3fffU), low & 0xffff'ffff'ffffU);
}

}  // namespace

BlobCalls::BlobCalls(net::GrpcService& service, const Options& options)
    : service_(service),
      instance_(options.instance),
      prefix_(instance_.empty() ? "" : instance_ + "/"),
      batch_bytes_(options.batch_bytes == 0 ? kLargestBatch : std::min(options.batch_bytes, kLargestBatch)),
      zstd_streams_(options.zstd_streams),
      zstd_batches_(options.zstd_batches) {}

base::Error BlobCalls::failed(const grpc::Status& status, const std::string& attempt) const {
  return net::error_of(status, attempt + " '" + service_.address().target() + "'");
}

base::Result<std::vector<object::Digest>> BlobCalls::missing(std::span<const object::Digest> digests,
                                                             const base::StillWanted& wanted) {
  re::FindMissingBlobsRequest request;
  request.set_instance_name(instance_);
  for (const object::Digest& digest : digests) {
    object::to_wire(digest, *request.add_blob_digests());
  }
  re::FindMissingBlobsResponse answer;
  const grpc::Status status = service_.call(kShortCall, wanted, [&](auto& context, const auto& channel) {
    answer.Clear();
    return re::ContentAddressableStorage::NewStub(channel)->FindMissingBlobs(&context, request, &answer);
  });
  if (!status.ok()) {
    return tl::unexpected(failed(status, "ask for missing objects at"));
  }
  std::vector<object::Digest> lacking;
  for (const gg::v1::Digest& digest : answer.missing_blob_digests()) {
    lacking.push_back(object::from_wire(digest));
  }
  return lacking;
}

base::Result<void> BlobCalls::update(std::span<const Blob> blobs, const base::StillWanted& wanted) {
  re::BatchUpdateBlobsRequest request;
  request.set_instance_name(instance_);
  for (const auto& [digest, bytes] : blobs) {
    re::BatchUpdateBlobsRequest::Request& one = *request.add_requests();
    object::to_wire(digest, *one.mutable_digest());
    auto frame = zstd_batches_ ? worth_compressing(bytes) : std::nullopt;
    if (frame) {
      one.set_compressor(re::ZSTD);
      one.set_data(*std::move(frame));
    } else {
      one.set_data(bytes);
    }
  }
  re::BatchUpdateBlobsResponse answer;
  // One blob that is refused for now counts as the whole batch: it is sent again, which hurts nobody.
  const grpc::Status status = service_.call(kBatchCall, wanted, [&](auto& context, const auto& channel) {
    answer.Clear();
    grpc::Status sent =
        re::ContentAddressableStorage::NewStub(channel)->BatchUpdateBlobs(&context, request, &answer);
    for (const auto& response : answer.responses()) {
      if (sent.ok() && response.status().code() != 0) {
        sent = net::status_of(response.status());
      }
    }
    return sent;
  });
  if (!status.ok()) {
    return tl::unexpected(failed(status, "send objects to"));
  }
  return {};
}

base::Result<std::vector<BlobCalls::Blob>> BlobCalls::read(std::span<const object::Digest> digests,
                                                           const base::StillWanted& wanted) {
  re::BatchReadBlobsRequest request;
  request.set_instance_name(instance_);
  for (const object::Digest& digest : digests) {
    object::to_wire(digest, *request.add_digests());
  }
  if (zstd_streams_) {
    request.add_acceptable_compressors(re::ZSTD);
  }
  re::BatchReadBlobsResponse answer;
  const grpc::Status status = service_.call(kBatchCall, wanted, [&](auto& context, const auto& channel) {
    answer.Clear();
    grpc::Status got =
        re::ContentAddressableStorage::NewStub(channel)->BatchReadBlobs(&context, request, &answer);
    for (const auto& response : answer.responses()) {
      if (got.ok() && response.status().code() != 0 &&
          response.status().code() != grpc::StatusCode::NOT_FOUND) {
        got = net::status_of(response.status());
      }
    }
    return got;
  });
  if (!status.ok()) {
    return tl::unexpected(failed(status, "fetch objects from"));
  }
  std::vector<Blob> blobs;
  for (auto& response : *answer.mutable_responses()) {
    const object::Digest digest = object::from_wire(response.digest());
    auto bytes = response.status().code() == 0
                     ? plain(digest, std::move(*response.mutable_data()), response.compressor())
                     : std::nullopt;
    if (bytes) {
      blobs.emplace_back(digest, *std::move(bytes));
    }
  }
  return blobs;
}

// Nullopt: what came is of no use, as if nothing had come.
std::optional<std::string> BlobCalls::plain(const object::Digest& digest, std::string&& data,
                                            int compressor) {
  if (compressor == re::IDENTITY) {
    return std::move(data);
  }
  std::string bytes;
  return compressor == re::ZSTD && base::ZstdReader().take(data, bytes, digest.size())
             ? std::optional(std::move(bytes))
             : std::nullopt;
}

base::Result<void> BlobCalls::write_stream(const Blob& blob, const base::StillWanted& wanted) {
  const object::Digest& digest = blob.first;
  const auto frame = zstd_streams_ ? worth_compressing(blob.second) : std::nullopt;
  const std::string& bytes = frame ? *frame : blob.second;
  const std::string name =
      fmt::format("{}uploads/{}/{}/{}/{}", prefix_, unique_name(), frame ? "compressed-blobs/zstd" : "blobs",
                  digest.hex(), digest.size());
  bool is_first = true;
  const grpc::Status status = service_.call(kStreamCall, wanted, [&](auto& context, const auto& channel) {
    const auto stub = bs::ByteStream::NewStub(channel);
    uint64_t offset = 0;
    if (!std::exchange(is_first, false)) {
      // How much of it arrived. A server that cannot say gets it from the start.
      grpc::ClientContext asking;
      bs::QueryWriteStatusRequest question;
      question.set_resource_name(name);
      bs::QueryWriteStatusResponse so_far;
      if (service_.prepare(asking, kShortCall) && stub->QueryWriteStatus(&asking, question, &so_far).ok()) {
        if (so_far.complete()) {
          return grpc::Status::OK;
        }
        offset = std::min(static_cast<uint64_t>(std::max<int64_t>(so_far.committed_size(), 0)),
                          static_cast<uint64_t>(bytes.size()));
      }
    }
    bs::WriteResponse answer;
    const auto writer = stub->Write(&context, &answer);
    bs::WriteRequest request;
    do {
      const size_t length = std::min<size_t>(kPiece, bytes.size() - offset);
      request.set_resource_name(name);
      request.set_write_offset(static_cast<int64_t>(offset));
      request.set_data(bytes.data() + offset, length);
      offset += length;
      request.set_finish_write(offset == bytes.size());
    } while (writer->Write(request) && offset < bytes.size());
    writer->WritesDone();
    grpc::Status sent = writer->Finish();
    const int64_t committed = answer.committed_size();
    // A server that has the blob already may stop reading, and say its whole size, or -1 for a compressed
    // one.
    if (sent.ok() && committed != -1 && committed != static_cast<int64_t>(bytes.size()) &&
        committed != static_cast<int64_t>(digest.size())) {
      return grpc::Status(grpc::StatusCode::ABORTED,
                          fmt::format("it took {} of {} bytes", committed, bytes.size()));
    }
    return sent;
  });
  if (!status.ok()) {
    return tl::unexpected(failed(status, "send object " + digest.to_string() + " to"));
  }
  return {};
}

base::Result<std::optional<std::string>> BlobCalls::read_stream(const object::Digest& digest,
                                                                const base::StillWanted& wanted) {
  std::string bytes;
  const grpc::Status status = service_.call(kStreamCall, wanted, [&](auto& context, const auto& channel) {
    bs::ReadRequest request;
    request.set_resource_name(fmt::format("{}{}/{}/{}", prefix_,
                                          zstd_streams_ ? "compressed-blobs/zstd" : "blobs", digest.hex(),
                                          digest.size()));
    // Of the bytes before they are compressed: each answer is a stream of its own.
    request.set_read_offset(static_cast<int64_t>(bytes.size()));
    const auto reader = bs::ByteStream::NewStub(channel)->Read(&context, request);
    bs::ReadResponse piece;
    base::ZstdReader zstd;
    while (reader->Read(&piece)) {
      if (!zstd_streams_) {
        bytes += piece.data();
      }
      if (zstd_streams_ ? !zstd.take(piece.data(), bytes, digest.size()) : bytes.size() > digest.size()) {
        context.TryCancel();
        static_cast<void>(reader->Finish());
        return grpc::Status(grpc::StatusCode::DATA_LOSS,
                            "it sends more bytes than the object has, or no zstd");
      }
    }
    grpc::Status got = reader->Finish();
    if (got.ok() && bytes.size() < digest.size()) {
      return grpc::Status(grpc::StatusCode::ABORTED, "it sent fewer bytes than the object has");
    }
    return got;
  });
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
    return std::nullopt;
  }
  if (!status.ok()) {
    return tl::unexpected(failed(status, "fetch object " + digest.to_string() + " from"));
  }
  return bytes;
}

}  // namespace storage
