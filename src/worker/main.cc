#include "base/embedded.hh"
#include "base/errors.hh"
#include "base/files.hh"
#include "exec/skeleton.hh"
#include "net/texts.hh"
#include "worker/http_service.hh"
#include "worker/image_root.hh"
#include "worker/own_secrets.hh"
#include "worker/runtime_client.hh"

#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

GG_EMBED(worker_help, WORKER_HELP);

namespace {

constexpr int kUsage = 2;
constexpr int kEnvironment = 3;

struct Settings {
  std::string listen = "127.0.0.1:0";
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string name;
  std::string cache;
  uint64_t cache_bytes = uint64_t{10} << 30U;
  uint64_t memory_bytes = 0;
  unsigned time_seconds = 0;
  std::string authorities;
  std::string token_file;
  worker::HttpService::Options service;
  std::string runtime_api;   // of AWS Lambda: "HOST:PORT"; empty: this is no function
  std::string root_to_make;  // a directory; empty: be a worker
  bool help = false;
};

void say(std::string_view text) {
  fmt::print(stderr, "gg-worker: {}\n", text);
}

// Read before it is hidden.
std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? "" : value;
}

std::string default_cache() {
  const std::string cache = variable("XDG_CACHE_HOME");
  const std::string home = variable("HOME");
  if (exec::Skeleton::is_here()) {
    return "/tmp/gg-worker";  // nothing else can be written to
  }
  return !cache.empty() ? cache + "/gg-worker" : !home.empty() ? home + "/.cache/gg-worker" : "";
}

std::string this_host() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

void add_flags(CLI::App& app, Settings& settings) {
  app.set_help_flag();
  app.add_flag("-h,--help", settings.help);
  app.add_option("--listen", settings.listen);
  app.add_option("-j,--jobs", settings.jobs)->check(CLI::Range(1U, 1024U));
  app.add_option("--name", settings.name);
  app.add_option("--cache", settings.cache);
  app.add_option("--cache-size", settings.cache_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--memory", settings.memory_bytes)->transform(CLI::AsSizeValue(false));
  app.add_option("--time", settings.time_seconds);
  app.add_option("--ca", settings.authorities);
  app.add_option("--token-file", settings.token_file);
  app.add_option("--certificate", settings.service.certificate);
  app.add_option("--key", settings.service.key);
  app.add_option("--client-ca", settings.service.client_authorities);
  app.add_option("--make-root", settings.root_to_make);
}

// "HOST:PORT", "[::1]:PORT".
void read_address(const std::string& text, worker::HttpService::Options& options) {
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || !CLI::detail::lexical_cast(text.substr(colon + 1), options.port) || options.port < 0 ||
      options.port > 65535) {
    throw base::OperatorError("--listen wants HOST:PORT, not '" + text + "'");
  }
  options.host = host;
}

std::string token_in(const std::string& path) {
  if (path.empty()) {
    return "";
  }
  std::string token = net::trimmed(base::read_file(path));
  if (token.empty() || token.find_first_of(" \r\n\t") != std::string::npos) {
    throw base::OperatorError("the token file '" + path + "' does not hold one word");
  }
  return token;
}

sigset_t last_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Until the environment is taken away.
int be_a_function(const Settings& settings, worker::Workplace& place, worker::Work& work) {
  net::HttpClient::Options options;
  options.stall = std::chrono::seconds(0);
  net::HttpClient http(options);
  const base::SystemClock clock;
  worker::RuntimeClient runtime(settings.runtime_api, http, place, work, clock);
  while (runtime.serve_one()) {
  }
  return 0;
}

int run(Settings& settings) {
  const sigset_t signals = last_signals();  // blocked before any thread, so that one of ours takes them
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (settings.cache.empty()) {
    throw base::OperatorError("no HOME and no XDG_CACHE_HOME: say with --cache where objects may be kept");
  }
  if (!settings.runtime_api.empty()) {
    settings.jobs = 1;
  }
  read_address(settings.listen, settings.service);
  settings.service.token = token_in(settings.token_file);
  if (settings.service.certificate.empty() != settings.service.key.empty()) {
    throw base::OperatorError("--certificate and --key go together");
  }
  net::HttpClient::Options http_options;
  http_options.agent = "gg-worker";
  http_options.authorities = settings.authorities;
  net::HttpClient http(http_options);
  const auto place = base::value_or_throw(
      worker::Workplace::open({settings.cache, settings.cache_bytes, settings.jobs}, say));
  worker::Work work(*place, http,
                    {settings.name.empty() ? this_host() : settings.name,
                     std::chrono::seconds(settings.time_seconds), settings.memory_bytes});
  if (!settings.runtime_api.empty()) {
    return be_a_function(settings, *place, work);
  }
  worker::HttpService service(*place, work, settings.service);
  say(fmt::format("listens on {}, takes {} jobs at once ({})", service.url(), place->options().jobs,
                  place->isolation()));
  std::thread([&] {
    int signal = 0;
    ::sigwait(&signals, &signal);
    service.stop();
  }).detach();
  service.serve();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  settings.cache = default_cache();
  settings.runtime_api = variable("AWS_LAMBDA_RUNTIME_API");
  worker::hide_own_secrets();
  CLI::App app("gg-worker", "gg-worker");
  add_flags(app, settings);
  try {
    app.parse(argc, argv);
    if (settings.help) {
      fmt::print("{}", std::string_view GG_EMBEDDED(worker_help));
      return 0;
    }
    if (!settings.root_to_make.empty()) {
      fmt::print("{}\n",
                 nlohmann::json(worker::make_image_root(settings.root_to_make, settings.authorities)).dump());
      return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
    return run(settings);
  } catch (const CLI::ParseError& error) {
    say(std::string(error.what()) + "; see `gg-worker --help`");
    return kUsage;
  } catch (const std::exception& error) {
    say(error.what());
    return kEnvironment;
  }
}
