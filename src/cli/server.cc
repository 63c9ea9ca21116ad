#include "cli/server.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "storage/reapi/capabilities.hh"

#include <fmt/format.h>

namespace cli {

namespace {

std::string text_of(const std::string& path) {
  return path.empty() ? "" : base::read_file(path);
}

}  // namespace

std::map<std::string, std::string> platform_of(const Settings& settings) {
  std::map<std::string, std::string> platform;
  for (const std::string& word : settings.platform) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw base::OperatorError("--platform wants KEY=VALUE, not '" + word + "'");
    }
    platform.insert_or_assign(word.substr(0, equals), word.substr(equals + 1));
  }
  return platform;
}

std::unique_ptr<Server> server_of(const Settings& settings) {
  if (settings.engine == "local") {
    return nullptr;
  }
  if (!net::is_grpc_address(settings.engine)) {
    throw base::OperatorError("there is no engine '" + settings.engine +
                              "': it is local, or a server's address such as reapi://HOST:PORT");
  }
  static_cast<void>(platform_of(settings));
  net::GrpcService::Options options;
  options.address = base::value_or_throw(net::parse_grpc_address(settings.engine));
  options.authorities = text_of(settings.authorities);
  options.certificate = text_of(settings.client_certificate);
  options.key = text_of(settings.client_key);
  options.token_file = settings.token_file;
  auto service = base::value_or_throw(net::GrpcService::open(std::move(options)));
  const auto found = base::value_or_throw(storage::ask_capabilities(*service, settings.instance));
  if (!found.executes) {
    throw base::OperatorError("'" + service->address().target() +
                              "' stores objects, but executes nothing (or not with SHA-256)");
  }
  storage::ReapiStore::Options store;
  store.instance = settings.instance;
  store.batch_bytes = found.batch_bytes;
  return std::make_unique<Server>(std::move(service), store);
}

}  // namespace cli
