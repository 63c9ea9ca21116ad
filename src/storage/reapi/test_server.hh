#pragma once

#include "base/zstd.hh"
#include "net/grpc_service.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "object/wire.hh"

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "build/bazel/remote/execution/v2/remote_execution.grpc.pb.h"
#include "google/bytestream/bytestream.grpc.pb.h"

// For tests: a server of blobs in this process that misbehaves when it is told to.
namespace storage {

namespace re = build::bazel::remote::execution::v2;
namespace bs = google::bytestream;

class TestServer final : public re::ContentAddressableStorage::Service,
                         public bs::ByteStream::Service,
                         public re::ActionCache::Service,
                         public re::Capabilities::Service {
 public:
  // Asked before each call: what it is not OK with is refused.
  using Admit = std::function<grpc::Status(const grpc::ServerContext& context, const std::string& call)>;

  explicit TestServer(Admit admit = nullptr) : admit_(std::move(admit)) {
    capabilities.mutable_cache_capabilities()->add_digest_functions(re::SHA256);
    capabilities.mutable_low_api_version()->set_major(2);
    capabilities.mutable_high_api_version()->set_major(2);
    capabilities.mutable_high_api_version()->set_minor(3);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<re::ContentAddressableStorage::Service*>(this));
    builder.RegisterService(static_cast<bs::ByteStream::Service*>(this));
    builder.RegisterService(static_cast<re::ActionCache::Service*>(this));
    builder.RegisterService(static_cast<re::Capabilities::Service*>(this));
    server_ = builder.BuildAndStart();
    net::GrpcService::Options options;
    options.address = {"127.0.0.1", static_cast<uint16_t>(port_), net::Transport::Plain};
    options.patience = std::chrono::seconds(10);
    service_ = net::GrpcService::open(options).value();
  }

  ~TestServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  [[nodiscard]] net::GrpcService& service() { return *service_; }

  [[nodiscard]] int port() const { return port_; }

  grpc::Status GetCapabilities(grpc::ServerContext* context, const re::GetCapabilitiesRequest* request,
                               re::ServerCapabilities* answer) override {
    if (const grpc::Status admitted = admit(*context, "GetCapabilities"); !admitted.ok()) {
      return admitted;
    }
    if (request->instance_name() != instance) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no such instance"};
    }
    *answer = capabilities;
    return grpc::Status::OK;
  }

  grpc::Status FindMissingBlobs(grpc::ServerContext* context, const re::FindMissingBlobsRequest* request,
                                re::FindMissingBlobsResponse* answer) override {
    if (const grpc::Status admitted = admit(*context, "FindMissingBlobs"); !admitted.ok()) {
      return admitted;
    }
    ++asked;
    for (const auto& digest : request->blob_digests()) {
      if (!memory.missing(std::vector{object::from_wire(digest)})->empty()) {
        *answer->add_missing_blob_digests() = digest;
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchUpdateBlobs(grpc::ServerContext* context, const re::BatchUpdateBlobsRequest* request,
                                re::BatchUpdateBlobsResponse* answer) override {
    if (const grpc::Status admitted = admit(*context, "BatchUpdateBlobs"); !admitted.ok()) {
      return admitted;
    }
    ++batches;
    if (busy > 0) {
      --busy;
      return {grpc::StatusCode::UNAVAILABLE, "busy"};
    }
    for (const auto& one : request->requests()) {
      received += one.data().size();
      const object::Digest digest = object::from_wire(one.digest());
      std::string bytes;
      if (one.compressor() == re::IDENTITY) {
        bytes = one.data();
      } else if (!offers(capabilities.cache_capabilities().supported_batch_update_compressors()) ||
                 !base::ZstdReader().take(one.data(), bytes, digest.size())) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "not so compressed"};
      }
      auto& response = *answer->add_responses();
      *response.mutable_digest() = one.digest();
      response.mutable_status()->set_code(keep(digest, bytes).error_code());
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchReadBlobs(grpc::ServerContext* context, const re::BatchReadBlobsRequest* request,
                              re::BatchReadBlobsResponse* answer) override {
    if (const grpc::Status admitted = admit(*context, "BatchReadBlobs"); !admitted.ok()) {
      return admitted;
    }
    for (const auto& digest : request->digests()) {
      auto& one = *answer->add_responses();
      *one.mutable_digest() = digest;
      if (const auto bytes = *memory.get(object::from_wire(digest))) {
        const auto& wanted = request->acceptable_compressors();
        if (!damaging && std::find(wanted.begin(), wanted.end(), re::ZSTD) != wanted.end()) {
          one.set_compressor(re::ZSTD);
          one.set_data(base::zstd_compressed(*bytes));
        } else {
          one.set_data(damaging ? "damaged" : *bytes);
        }
        sent_in_batches += one.data().size();
      } else {
        one.mutable_status()->set_code(grpc::StatusCode::NOT_FOUND);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status Write(grpc::ServerContext* context, grpc::ServerReader<bs::WriteRequest>* reader,
                     bs::WriteResponse* answer) override {
    if (const grpc::Status admitted = admit(*context, "Write"); !admitted.ok()) {
      return admitted;
    }
    bs::WriteRequest request;
    while (reader->Read(&request)) {
      const std::scoped_lock lock(mutex_);
      std::string& partial = partial_[request.resource_name()];
      if (request.write_offset() != static_cast<int64_t>(partial.size())) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "not where it broke"};
      }
      partial += request.data();
      received += request.data().size();
      if (break_after != 0 && partial.size() >= break_after) {
        break_after = 0;
        return {grpc::StatusCode::UNAVAILABLE, "broke"};
      }
      if (request.finish_write()) {
        const auto resource = resource_of(request.resource_name());
        std::string bytes;
        if (resource.zstd ? !base::ZstdReader().take(partial, bytes, resource.digest.size()) : false) {
          return {grpc::StatusCode::INVALID_ARGUMENT, "no zstd"};
        }
        answer->set_committed_size(static_cast<int64_t>(partial.size()));
        if (const grpc::Status kept = keep(resource.digest, resource.zstd ? bytes : partial); !kept.ok()) {
          return kept;
        }
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status QueryWriteStatus(grpc::ServerContext* context, const bs::QueryWriteStatusRequest* request,
                                bs::QueryWriteStatusResponse* answer) override {
    if (const grpc::Status admitted = admit(*context, "QueryWriteStatus"); !admitted.ok()) {
      return admitted;
    }
    const std::scoped_lock lock(mutex_);
    answer->set_committed_size(static_cast<int64_t>(partial_[request->resource_name()].size()));
    return grpc::Status::OK;
  }

  grpc::Status Read(grpc::ServerContext* context, const bs::ReadRequest* request,
                    grpc::ServerWriter<bs::ReadResponse>* writer) override {
    if (const grpc::Status admitted = admit(*context, "Read"); !admitted.ok()) {
      return admitted;
    }
    constexpr size_t kPiece = 100'000;
    const auto resource = resource_of(request->resource_name());
    const auto held = *memory.get(resource.digest);
    if (!held || (resource.zstd && !offers(capabilities.cache_capabilities().supported_compressors()))) {
      return {grpc::StatusCode::NOT_FOUND, "not here"};
    }
    const std::string wanted = held->substr(static_cast<size_t>(request->read_offset()));
    const std::string bytes = resource.zstd ? base::zstd_compressed(wanted) : wanted;
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      bs::ReadResponse piece;
      piece.set_data(bytes.substr(at, kPiece));
      sent += piece.data().size();
      writer->Write(piece);
      if (break_after != 0 && at + kPiece >= break_after) {
        break_after = 0;
        return {grpc::StatusCode::UNAVAILABLE, "broke"};
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status GetActionResult(grpc::ServerContext* context, const re::GetActionResultRequest* request,
                               re::ActionResult* answer) override {
    if (const grpc::Status admitted = admit(*context, "GetActionResult"); !admitted.ok()) {
      return admitted;
    }
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(object::from_wire(request->action_digest()));
    if (found == results_.end()) {
      return {grpc::StatusCode::NOT_FOUND, "unknown"};
    }
    *answer = found->second;
    return grpc::Status::OK;
  }

  grpc::Status UpdateActionResult(grpc::ServerContext* context, const re::UpdateActionResultRequest* request,
                                  re::ActionResult* answer) override {
    if (const grpc::Status admitted = admit(*context, "UpdateActionResult"); !admitted.ok()) {
      return admitted;
    }
    const std::scoped_lock lock(mutex_);
    *answer = results_[object::from_wire(request->action_digest())] = request->action_result();
    return grpc::Status::OK;
  }

  object::MemoryStore memory;
  re::ServerCapabilities capabilities;
  std::string instance;
  std::atomic<size_t> asked{0};     // calls of FindMissingBlobs
  std::atomic<size_t> batches{0};   // calls of BatchUpdateBlobs
  std::atomic<size_t> received{0};  // bytes of blobs
  std::atomic<size_t> sent{0};      // bytes of blobs, streams only
  std::atomic<size_t> sent_in_batches{0};
  std::atomic<int> busy{0};  // so many batches are refused first
  std::atomic<bool> damaging{false};
  std::atomic<size_t> break_after{0};  // the next stream, once so many bytes have passed

 private:
  struct Resource {
    object::Digest digest;
    bool zstd = false;
  };

  grpc::Status admit(const grpc::ServerContext& context, const std::string& call) {
    return admit_ ? admit_(context, call) : grpc::Status::OK;
  }

  static Resource resource_of(const std::string& name) {
    constexpr std::string_view kZstd = "compressed-blobs/zstd/";
    const size_t zstd = name.find(kZstd);
    const size_t at = zstd == std::string::npos ? name.find("blobs/") + 6 : zstd + kZstd.size();
    return {object::Digest::parse(name.substr(at)).value_or(object::Digest()), zstd != std::string::npos};
  }

  template <class Compressors>
  static bool offers(const Compressors& compressors) {
    return std::find(compressors.begin(), compressors.end(), re::ZSTD) != compressors.end();
  }

  grpc::Status keep(const object::Digest& digest, const std::string& bytes) {
    if (object::hash(bytes) != digest) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "not what its name says"};
    }
    static_cast<void>(memory.put(bytes));
    return grpc::Status::OK;
  }

  const Admit admit_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<net::GrpcService> service_;
  std::mutex mutex_;
  std::map<std::string, std::string> partial_;  // under mutex_, as all below
  std::map<object::Digest, re::ActionResult> results_;
};

}  // namespace storage
