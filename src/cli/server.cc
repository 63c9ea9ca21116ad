#include "cli/server.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "base/program_path.hh"
#include "storage/reapi/capabilities.hh"
#include "storage/reapi/request_metadata.hh"

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>

namespace cli {

namespace {

// Tells one run's calls from another's on the server's own pages; means nothing else.
std::string run_name() {
  return fmt::format("{}-{}", base::SystemClock().wall().count(), ::getpid());
}

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

std::unique_ptr<net::GrpcCredentials> who_asks(const Settings& settings, const Environment& environment,
                                               const std::string& uri) {
  if (settings.credential_helper.empty()) {
    return settings.token_file.empty() ? nullptr : net::token_in_file(settings.token_file);
  }
  if (!settings.token_file.empty()) {
    throw base::OperatorError("--token-file and --credential-helper both say who we are: give one of them");
  }
  const auto path = environment.find("PATH");
  const auto program =
      base::find_program(settings.credential_helper, path == environment.end() ? "" : path->second,
                         std::filesystem::current_path().string());
  if (!program) {
    throw base::OperatorError("the credential helper '" + settings.credential_helper + "' is not on PATH");
  }
  return net::credentials_of({absolute_path(*program), environment_words(environment), uri},
                             std::make_unique<base::SystemClock>());
}

namespace {

struct Found {
  std::unique_ptr<net::GrpcService> service;
  storage::ReapiCapabilities capabilities;
};

Found ask(const Settings& settings, const Environment& environment, const std::string& address,
          std::chrono::milliseconds patience) {
  static_cast<void>(platform_of(settings));
  net::GrpcService::Options options;
  options.address = base::value_or_throw(net::parse_grpc_address(address));
  options.authorities = text_of(settings.authorities);
  options.certificate = text_of(settings.client_certificate);
  options.key = text_of(settings.client_key);
  options.credentials = who_asks(settings, environment, options.address.uri());
  options.headers = {storage::request_metadata(GG_VERSION, run_name())};
  options.patience = patience;
  Found found;
  found.service = base::value_or_throw(net::GrpcService::open(std::move(options)));
  found.capabilities = base::value_or_throw(storage::ask_capabilities(*found.service, settings.instance));
  return found;
}

std::unique_ptr<Server> server(Found found, const Settings& settings) {
  storage::ReapiStore::Options options;
  options.instance = settings.instance;
  options.batch_bytes = found.capabilities.batch_bytes;
  options.zstd_streams = found.capabilities.zstd_streams;
  options.zstd_batches = found.capabilities.zstd_batches;
  auto server = std::make_unique<Server>(std::move(found.service), options);
  server->priorities = {found.capabilities.least_priority, found.capabilities.most_priority};
  return server;
}

}  // namespace

std::unique_ptr<Server> server_of(const Settings& settings, const Environment& environment) {
  constexpr std::chrono::seconds kPatience{60};
  if (settings.engine == "local") {
    return nullptr;
  }
  if (const std::string problem = no_engine(settings.engine); !problem.empty()) {
    throw base::OperatorError(problem);
  }
  if (!settings.shared_store.empty()) {
    throw base::OperatorError(
        "--store with a server's address is for the local engine: a server that executes keeps its own "
        "results");
  }
  Found found = ask(settings, environment, settings.engine, kPatience);
  if (!found.capabilities.executes) {
    throw base::OperatorError("'" + found.service->address().target() +
                              "' stores objects, but executes nothing (or not with SHA-256); "
                              "`--store ADDRESS` shares results through it");
  }
  return server(std::move(found), settings);
}

std::unique_ptr<Server> shared_server_of(const Settings& settings, const Environment& environment) {
  constexpr std::chrono::seconds kPatience{5};  // a build goes on without it
  Found found = ask(settings, environment, settings.shared_store, kPatience);
  if (settings.cache == "write" && !found.capabilities.takes_results) {
    throw base::OperatorError("'" + found.service->address().target() +
                              "' takes no results from us; --cache=read only reads those of others");
  }
  return server(std::move(found), settings);
}

}  // namespace cli
