#pragma once

#include "base/clock.hh"
#include "cli/settings.hh"
#include "engine/reapi/lowered.hh"
#include "engine/reapi/priorities.hh"
#include "net/grpc_service.hh"
#include "storage/reapi/reapi_store.hh"

#include <map>
#include <memory>
#include <string>

namespace cli {

// A server that speaks the Remote Execution API, and has said so.
class Server {
 public:
  Server(std::unique_ptr<net::GrpcService> service, const storage::ReapiStore::Options& options)
      : service_(std::move(service)), store_(*service_, clock_, options) {}

  [[nodiscard]] net::GrpcService& service() { return *service_; }

  [[nodiscard]] storage::ReapiStore& store() { return store_; }

  engine::PriorityRange priorities;  // those that it knows

  // Who makes the root of its actions.
  engine::Lowering::Root root = engine::Lowering::Root::Servers;

 private:
  base::SystemClock clock_;
  std::unique_ptr<net::GrpcService> service_;
  storage::ReapiStore store_;
};

// The one that settings.engine is the address of; null if it is "local". Asks it what it can do. Throws
// base::OperatorError.
[[nodiscard]] std::unique_ptr<Server> server_of(const Settings& settings, const Environment& environment);

// The one that settings.shared_store is the address of. Asks it what it can do. Throws base::OperatorError.
[[nodiscard]] std::unique_ptr<Server> shared_server_of(const Settings& settings,
                                                       const Environment& environment);

// Who we are, as the settings have it, for the server with that address; null: nobody in particular. Throws
// base::OperatorError.
[[nodiscard]] std::unique_ptr<net::GrpcCredentials> who_asks(const Settings& settings,
                                                             const Environment& environment,
                                                             const std::string& uri);

// What settings.platform says. Throws base::OperatorError for a word without "=".
[[nodiscard]] std::map<std::string, std::string> platform_of(const Settings& settings);

}  // namespace cli
