#pragma once

#include "net/grpc_service.hh"
#include "object/hash.hh"
#include "object/memory_store.hh"
#include "object/wire.hh"

#include <grpcpp/server_builder.h>

#include <atomic>
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
                         public re::Capabilities::Service {
 public:
  TestServer() {
    capabilities.mutable_cache_capabilities()->add_digest_functions(re::SHA256);
    capabilities.mutable_low_api_version()->set_major(2);
    capabilities.mutable_high_api_version()->set_major(2);
    capabilities.mutable_high_api_version()->set_minor(3);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<re::ContentAddressableStorage::Service*>(this));
    builder.RegisterService(static_cast<bs::ByteStream::Service*>(this));
    builder.RegisterService(static_cast<re::Capabilities::Service*>(this));
    server_ = builder.BuildAndStart();
    net::GrpcService::Options options;
    options.address = {"127.0.0.1", static_cast<uint16_t>(port_), net::Transport::Plain};
    options.patience = std::chrono::seconds(10);
    service_ = net::GrpcService::open(options).value();
  }

  ~TestServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  [[nodiscard]] net::GrpcService& service() { return *service_; }

  grpc::Status GetCapabilities(grpc::ServerContext* /*context*/, const re::GetCapabilitiesRequest* request,
                               re::ServerCapabilities* answer) override {
    if (request->instance_name() != instance) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no such instance"};
    }
    *answer = capabilities;
    return grpc::Status::OK;
  }

  grpc::Status FindMissingBlobs(grpc::ServerContext* /*context*/, const re::FindMissingBlobsRequest* request,
                                re::FindMissingBlobsResponse* answer) override {
    ++asked;
    for (const auto& digest : request->blob_digests()) {
      if (!memory.missing(std::vector{object::from_wire(digest)})->empty()) {
        *answer->add_missing_blob_digests() = digest;
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchUpdateBlobs(grpc::ServerContext* /*context*/, const re::BatchUpdateBlobsRequest* request,
                                re::BatchUpdateBlobsResponse* answer) override {
    ++batches;
    if (busy > 0) {
      --busy;
      return {grpc::StatusCode::UNAVAILABLE, "busy"};
    }
    for (const auto& one : request->requests()) {
      received += one.data().size();
      *answer->add_responses()->mutable_digest() = one.digest();
      static_cast<void>(memory.put(one.data()));
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchReadBlobs(grpc::ServerContext* /*context*/, const re::BatchReadBlobsRequest* request,
                              re::BatchReadBlobsResponse* answer) override {
    for (const auto& digest : request->digests()) {
      auto& one = *answer->add_responses();
      *one.mutable_digest() = digest;
      if (const auto bytes = *memory.get(object::from_wire(digest))) {
        one.set_data(damaging ? "damaged" : *bytes);
      } else {
        one.mutable_status()->set_code(grpc::StatusCode::NOT_FOUND);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status Write(grpc::ServerContext* /*context*/, grpc::ServerReader<bs::WriteRequest>* reader,
                     bs::WriteResponse* answer) override {
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
        answer->set_committed_size(static_cast<int64_t>(partial.size()));
        static_cast<void>(memory.put(partial));
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status QueryWriteStatus(grpc::ServerContext* /*context*/, const bs::QueryWriteStatusRequest* request,
                                bs::QueryWriteStatusResponse* answer) override {
    const std::scoped_lock lock(mutex_);
    answer->set_committed_size(static_cast<int64_t>(partial_[request->resource_name()].size()));
    return grpc::Status::OK;
  }

  grpc::Status Read(grpc::ServerContext* /*context*/, const bs::ReadRequest* request,
                    grpc::ServerWriter<bs::ReadResponse>* writer) override {
    constexpr size_t kPiece = 100'000;
    const std::string& name = request->resource_name();
    const auto digest = object::Digest::parse(name.substr(name.find("blobs/") + 6));
    const auto bytes = digest ? *memory.get(*digest) : std::nullopt;
    if (!bytes) {
      return {grpc::StatusCode::NOT_FOUND, "not here"};
    }
    for (auto at = static_cast<size_t>(request->read_offset()); at < bytes->size(); at += kPiece) {
      bs::ReadResponse piece;
      piece.set_data(bytes->substr(at, kPiece));
      sent += piece.data().size();
      writer->Write(piece);
      if (break_after != 0 && at + kPiece >= break_after) {
        break_after = 0;
        return {grpc::StatusCode::UNAVAILABLE, "broke"};
      }
    }
    return grpc::Status::OK;
  }

  object::MemoryStore memory;
  re::ServerCapabilities capabilities;
  std::string instance;
  std::atomic<size_t> asked{0};     // calls of FindMissingBlobs
  std::atomic<size_t> batches{0};   // calls of BatchUpdateBlobs
  std::atomic<size_t> received{0};  // bytes of blobs
  std::atomic<size_t> sent{0};      // bytes of blobs, streams only
  std::atomic<int> busy{0};         // so many batches are refused first
  std::atomic<bool> damaging{false};
  std::atomic<size_t> break_after{0};  // the next stream, once so many bytes have passed

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<net::GrpcService> service_;
  std::mutex mutex_;
  std::map<std::string, std::string> partial_;  // under mutex_
};

}  // namespace storage
