#include "cli/lambda.hh"

#include "base/errors.hh"
#include "base/in_parallel.hh"
#include "base/quote.hh"
#include "cli/workers.hh"
#include "net/aws/sigv4.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace cli {

namespace {

using nlohmann::json;

constexpr const char* kEngine = "lambda";
constexpr std::string_view kScheme = "lambda://";
constexpr const char* kUsualName = "gg";
constexpr size_t kAskedAtOnce = 16;
constexpr size_t kMostFunctions = 1000;
constexpr int kTries = 5;
constexpr unsigned kOtherDescriptors = 1024;

struct LambdaAddress {
  std::string name = kUsualName;
  std::optional<std::string> endpoint;
  std::optional<std::string> region;
  std::string profile;
};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw base::OperatorError("'" + base::printable(text) + "' names no functions: " + why +
                            "; it looks like lambda, or lambda://NAME?region=eu-west-1");
}

bool is_function_name(std::string_view name) {
  return !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_';
  });
}

LambdaAddress parse(std::string_view text) {
  LambdaAddress address;
  if (!text.starts_with(kScheme)) {
    return address;
  }
  std::string_view rest = text.substr(kScheme.size());
  const size_t question = std::min(rest.find('?'), rest.size());
  address.name = rest.substr(0, question);
  if (!is_function_name(address.name)) {
    refuse(text, "'" + base::printable(address.name) + "' is no name of a function");
  }
  rest.remove_prefix(std::min(question + 1, rest.size()));
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const size_t equals = std::min(one.find('='), one.size());
    const std::string_view key = one.substr(0, equals);
    const std::string value(one.substr(std::min(equals + 1, one.size())));
    if (key == "endpoint") {
      address.endpoint = value;
    } else if (key == "region") {
      address.region = value;
    } else if (key == "profile") {
      address.profile = value;
    } else {
      refuse(text,
             "nobody knows its '" + base::printable(one) + "' (there are endpoint, region and profile)");
    }
  }
  return address;
}

// Without an address, what `gg cloud up` has written down.
LambdaAddress address_in(const Settings& settings) {
  LambdaAddress address = parse(settings.engine);
  if (settings.engine != kEngine) {
    return address;
  }
  if (!settings.lambda_region.empty()) {
    address.region = settings.lambda_region;
  }
  if (settings.lambda_functions.size() > 1) {  // "gg-"
    address.name = settings.lambda_functions.substr(0, settings.lambda_functions.size() - 1);
  }
  return address;
}

engine::LambdaService locate(const LambdaAddress& address, const net::aws::Configuration& configuration,
                             const std::string& subject) {
  engine::LambdaService service;
  const auto region = address.region ? address.region : configuration.region();
  const auto endpoint = address.endpoint ? address.endpoint : configuration.endpoint("lambda");
  if (!region && !endpoint) {
    throw base::OperatorError("no region is known for '" + subject +
                              "': say it with lambda://NAME?region=eu-west-1, or set AWS_REGION");
  }
  service.region = region.value_or("us-east-1");
  service.origin = endpoint.value_or(net::aws::amazon_endpoint("lambda", service.region));
  while (service.origin.ends_with('/')) {
    service.origin.pop_back();
  }
  const bool is_tls = service.origin.starts_with("https://");
  if (!is_tls && !(service.origin.starts_with("http://") && net::is_loopback_url(service.origin))) {
    refuse(subject, "its endpoint '" + base::printable(service.origin) +
                        "' is not https://HOST[:PORT] (off this machine it has to be)");
  }
  service.host = service.origin.substr(is_tls ? 8 : 7);
  return service;
}

std::string this_architecture() {
  utsname machine{};
  ::uname(&machine);
  const std::string name = machine.machine;
  return name == "aarch64" ? "arm64" : name;
}

// What GetFunctionConfiguration says.
base::Result<engine::Function> read_function(const std::string& name, const std::string& body) {
  const json said = json::parse(body, nullptr, false);
  if (!said.is_object() || !said.contains("MemorySize") || !said.contains("Timeout")) {
    return base::failure("what answers for function " + name + " is no AWS Lambda",
                         base::FailureKind::Deterministic);
  }
  std::string architecture = "x86_64";
  if (const auto all = said.find("Architectures"); all != said.end() && all->is_array() && !all->empty()) {
    architecture = all->front().get<std::string>();
  }
  if (architecture != this_architecture()) {
    return base::failure(
        fmt::format("function {} runs on {}, and what is built here is for {}: `gg cloud up` "
                    "from a machine of its kind, or use another name",
                    name, base::printable(architecture), this_architecture()),
        base::FailureKind::Deterministic);
  }
  engine::Function function;
  function.name = name;
  function.memory_mb = said.value("MemorySize", uint64_t{0});
  function.timeout = std::chrono::seconds(said.value("Timeout", 0));
  if (function.memory_mb == 0 || function.timeout.count() <= 0) {
    return base::failure("what answers for function " + name + " is no AWS Lambda",
                         base::FailureKind::Deterministic);
  }
  return function;
}

}  // namespace

bool is_lambda_address(std::string_view text) {
  return text == kEngine || text.starts_with(kScheme);
}

LambdaPlace::LambdaPlace(net::aws::Configuration configuration, engine::LambdaService service,
                         net::HttpOptions http)
    : http_options_(std::move(http)),
      http_(http_options_),
      credentials_(std::move(configuration), http_, clock_),
      service_(std::move(service)) {}

// nullopt: there is none.
base::Result<std::optional<engine::Function>> LambdaPlace::ask_for(const std::string& name) {
  std::chrono::milliseconds back_off{100};
  bool is_renewed = false;
  for (int tried = 1;; ++tried) {
    const auto secrets = credentials_.get({});
    if (!secrets) {
      return tl::unexpected(secrets.error());
    }
    net::HttpRequest request =
        engine::signed_request(service_, "GET", "/2015-03-31/functions/" + name + "/configuration", {},
                               net::aws::sha256_hex(""), *secrets, clock_.wall());
    request.limit = std::chrono::seconds(20);
    const auto response = http_.send(request);
    base::Error error;
    if (response) {
      const engine::FunctionAnswer answer = engine::answer_of(*response);
      if (answer.said == engine::FunctionSaid::Answer) {
        auto function = read_function(name, response->body);
        return function ? base::Result<std::optional<engine::Function>>(std::move(*function))
                        : tl::unexpected(std::move(function.error()));
      }
      if (answer.said == engine::FunctionSaid::Gone) {
        return std::nullopt;
      }
      const std::string advice = engine::advice_on(answer.said, answer.what);
      error.message = fmt::format("AWS Lambda in {} refuses to say what function {} is: {}{}{}",
                                  service_.region, name, answer.what, advice.empty() ? "" : "; ", advice);
      if (answer.said == engine::FunctionSaid::Expired && !std::exchange(is_renewed, true)) {
        credentials_.refused(*secrets);
        continue;
      }
      if (answer.said != engine::FunctionSaid::Throttled && answer.said != engine::FunctionSaid::Trouble) {
        return tl::unexpected(std::move(error));
      }
    } else {
      error.message = fmt::format("cannot reach AWS Lambda at {}: {}", service_.origin,
                                  base::printable(response.error().message));
    }
    if (tried == kTries) {
      return tl::unexpected(std::move(error));
    }
    static_cast<void>(net::pause(net::with_jitter(back_off), {}));
    back_off *= 2;
  }
}

void LambdaPlace::find(const std::string& name) {
  for (size_t first = 0; first < kMostFunctions; first += kAskedAtOnce) {
    std::vector<std::optional<engine::Function>> found(kAskedAtOnce);
    const auto asked =
        base::in_parallel(kAskedAtOnce, kAskedAtOnce, [&](size_t number) -> base::Result<void> {
          auto one = ask_for(fmt::format("{}-{}", name, first + number));
          if (!one) {
            return tl::unexpected(std::move(one.error()));
          }
          found[number] = std::move(*one);
          return {};
        });
    if (!asked) {
      throw base::OperatorError(asked.error().message);
    }
    for (auto& one : found) {
      if (one) {
        functions_.push_back(std::move(*one));
      }
    }
    if (functions_.size() < first + kAskedAtOnce) {
      break;
    }
  }
  if (functions_.empty()) {
    throw base::OperatorError(fmt::format("there is no function {}-0 in {}; {}", name, service_.region,
                                          engine::advice_on(engine::FunctionSaid::Gone, "")));
  }
}

std::unique_ptr<LambdaPlace> functions_of(const Settings& settings, const Environment& environment) {
  const LambdaAddress address = address_in(settings);
  auto configuration = base::value_or_throw(net::aws::Configuration::read(environment, address.profile));
  engine::LambdaService service = locate(address, configuration, settings.engine);
  net::HttpOptions http = aws_http_options(settings, configuration);
  // A few round trips each, side by side.
  auto bucket = std::async(std::launch::async, [&] { return bucket_for_workers(settings, environment); });
  auto place = std::make_unique<LambdaPlace>(std::move(configuration), std::move(service), std::move(http));
  place->find(address.name);
  place->share(bucket.get());
  return place;
}

void make_room_for_connections(unsigned count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = rlim_t{count} + kOtherDescriptors;
  if (limit.rlim_cur >= wanted) {
    return;
  }
  if (limit.rlim_max < wanted) {
    throw base::OperatorError(
        fmt::format("{} invocations at once want {} open files, and this system allows {}: raise the limit "
                    "(ulimit -Hn), or say --jobs {}",
                    count, wanted, limit.rlim_max,
                    limit.rlim_max > kOtherDescriptors ? limit.rlim_max - kOtherDescriptors : 1));
  }
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace cli
