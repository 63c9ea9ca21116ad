#include "cli/settings.hh"

#include "base/errors.hh"
#include "base/files.hh"
#include "cli/lambda.hh"
#include "cli/toml_text.hh"
#include "cli/workers.hh"
#include "net/grpc_address.hh"

#include <fmt/format.h>

#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <map>

namespace cli {

namespace {

constexpr const char* kLocal = "local";

void set(std::string& target, const toml::node& node, const std::string& file, const std::string& key) {
  const auto value = node.value_exact<std::string>();
  if (!value) {
    refuse(file, node, "'" + key + "' wants a string");
  }
  target = *value;
}

void set(std::vector<std::string>& target, const toml::node& node, const std::string& file,
         const std::string& key) {
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    refuse(file, node, "'" + key + "' wants a list of strings");
  }
  target.clear();
  for (const toml::node& word : *list) {
    set(target.emplace_back(), word, file, key);
  }
}

void set(bool& target, const toml::node& node, const std::string& file, const std::string& key) {
  const auto value = node.value_exact<bool>();
  if (!value) {
    refuse(file, node, "'" + key + "' wants true or false");
  }
  target = *value;
}

void set(std::optional<double>& target, const toml::node& node, const std::string& file,
         const std::string& key) {
  const auto value = node.value<double>();  // 5 is as good as 5.0
  if (!value || !(*value >= 0 && *value <= kMostDollars)) {
    refuse(file, node, "'" + key + "' wants a number of dollars from 0 to 1000000");
  }
  target = *value;
}

void set(unsigned& target, const toml::node& node, const std::string& file, const std::string& key) {
  const auto value = node.value_exact<int64_t>();
  if (!value || *value < 0 || *value > 1'000'000) {
    refuse(file, node, "'" + key + "' wants a number from 0 to 1000000");
  }
  target = static_cast<unsigned>(*value);
}

void set(std::optional<unsigned>& target, const toml::node& node, const std::string& file,
         const std::string& key) {
  set(target.emplace(), node, file, key);
}

using Apply =
    std::function<void(Settings&, const toml::node&, const std::string& file, const std::string& key)>;

template <class T>
Apply into(T Settings::*member) {
  return [member](Settings& settings, const toml::node& node, const std::string& file,
                  const std::string& key) { set(settings.*member, node, file, key); };
}

// Of a string that is one of these words.
template <size_t N>
Apply choice(std::string Settings::*member, const std::array<const char*, N>& words) {
  return [member, &words](Settings& settings, const toml::node& node, const std::string& file,
                          const std::string& key) {
    set(settings.*member, node, file, key);
    if (std::find(words.begin(), words.end(), settings.*member) == words.end()) {
      refuse(file, node, fmt::format("'{}' is one of {}", key, fmt::join(words, ", ")));
    }
  };
}

void store(Settings& settings, const toml::node& node, const std::string& file, const std::string& key) {
  std::string place;
  set(place, node, file, key);
  set_store(settings, place);
}

// The names are those of the long flags.
const std::map<std::string, Apply, std::less<>>& keys() {
  static const std::map<std::string, Apply, std::less<>> table{
      {"store", store},
      {"cache", choice(&Settings::cache, kCacheModes)},
      {"profile", into(&Settings::profile)},
      {"json", into(&Settings::json)},
      {"quiet", into(&Settings::quiet)},
      {"jobs", into(&Settings::jobs)},
      {"keep-going", into(&Settings::keep_going)},
      {"explain", into(&Settings::explain)},
      {"engine", into(&Settings::engine)},
      {"fallback", choice(&Settings::fallback, kFallbacks)},
      {"sandbox", choice(&Settings::sandbox, kSandboxes)},
      {"summary", choice(&Settings::summary, kSummaries)},
      {"max-executions", into(&Settings::max_executions)},
      {"max-cost", into(&Settings::max_cost)},
      {"download", choice(&Settings::download, kDownloads)},
      {"instance", into(&Settings::instance)},
      {"platform", into(&Settings::platform)},
      {"ca", into(&Settings::authorities)},
      {"client-certificate", into(&Settings::client_certificate)},
      {"client-key", into(&Settings::client_key)},
      {"token-file", into(&Settings::token_file)},
      {"credential-helper", into(&Settings::credential_helper)},
      {"lambda.region", into(&Settings::lambda_region)},
      {"lambda.functions", into(&Settings::lambda_functions)},
      {"lambda.count", into(&Settings::lambda_count)},
      {"lambda.store", into(&Settings::lambda_store)},
  };
  return table;
}

// `above`: the names of the tables that this one stands in.
void apply(Settings& settings, const toml::table& table, const std::string& file,
           const std::string& above = "") {
  for (const auto& [name, node] : table) {
    const std::string key = above + std::string(name.str());
    if (key == "profile" && node.is_table()) {
      continue;
    }
    if (key == "lambda" && node.is_table()) {
      apply(settings, *node.as_table(), file, key + ".");
      continue;
    }
    const auto found = keys().find(key);
    if (found == keys().end()) {
      refuse(file, node, "unknown key '" + key + "' (docs/config.md lists them)");
    }
    found->second(settings, node, file, key);
  }
}

}  // namespace

void set_store(Settings& settings, const std::string& place) {
  (place.find("://") != std::string::npos ? settings.shared_store : settings.store) = place;
}

std::string engine_elsewhere(const std::string& name) {
  std::string rest;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find(',', at), name.size());
    const std::string word = name.substr(at, end - at);
    if (word != kLocal) {
      rest += (rest.empty() ? "" : ",") + word;
    }
    at = end + 1;
  }
  return rest;
}

bool local_engine_shares(const std::string& name) {
  const std::string rest = engine_elsewhere(name);
  return !rest.empty() && rest.size() < name.size();
}

std::string no_engine(const std::string& name) {
  const std::string rest = engine_elsewhere(name);
  return name == kLocal || net::is_grpc_address(rest) || are_worker_addresses(rest) || is_lambda_address(rest)
             ? ""
             : "there is no engine '" + name +
                   "': it is local, lambda, a server's address such as reapi://HOST:PORT, or that of "
                   "workers, "
                   "https://HOST:PORT";
}

void choose_store(Settings& settings) {
  if (settings.shared_store.empty() && engine_elsewhere(settings.engine) == "lambda") {
    settings.shared_store = settings.lambda_store;
  }
}

void read_config(Settings& settings, MustExist must_exist) {
  const auto text = base::read_file_if_there(settings.config);
  if (!text) {
    if (must_exist == MustExist::Yes) {
      throw base::OperatorError("no config file '" + settings.config + "'");
    }
    if (!settings.profile.empty()) {
      throw base::OperatorError("no profile '" + settings.profile + "': there is no config file '" +
                                settings.config + "'");
    }
    return;
  }
  const toml::table table = parse_toml(*text, settings.config);
  const std::string profile = settings.profile;
  apply(settings, table, settings.config);
  if (!profile.empty()) {
    const toml::table* chosen = table["profile"][profile].as_table();
    if (chosen == nullptr) {
      throw base::OperatorError("no [profile." + profile + "] in '" + settings.config + "'");
    }
    apply(settings, *chosen, settings.config);
    settings.profile = profile;
  }
}

}  // namespace cli
