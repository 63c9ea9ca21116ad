#include "cloud/functions.hh"

#include "base/quote.hh"
#include "net/back_off.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cloud {

namespace {

using nlohmann::json;

constexpr const char* kFunctions = "/2015-03-31/functions";

std::string path_of(const std::string& name, const char* more = "") {
  return fmt::format("{}/{}{}", kFunctions, net::aws::uri_encoded(name, net::aws::Slash::Encoded), more);
}

json parsed(const std::string& text, const char* what) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_object()) {
    throw base::OperatorError(fmt::format("Lambda answers {} with what is no JSON", what));
  }
  return document;
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

unsigned number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<unsigned>() : 0;
}

FunctionState state_in(const json& configuration) {
  FunctionState state;
  state.name = text_in(configuration, "FunctionName");
  state.role = text_in(configuration, "Role");
  state.description = text_in(configuration, "Description");
  state.memory_mb = number_in(configuration, "MemorySize");
  state.time_seconds = number_in(configuration, "Timeout");
  state.state = text_in(configuration, "State");
  state.last_update = text_in(configuration, "LastUpdateStatus");
  for (const char* name : {"StateReason", "LastUpdateStatusReason"}) {
    if (state.reason.empty()) {
      state.reason = text_in(configuration, name);
    }
  }
  return state;
}

json configuration_of(const FunctionSettings& settings) {
  return {{"Role", settings.role},
          {"MemorySize", settings.memory_mb},
          {"Timeout", settings.time_seconds},
          {"EphemeralStorage", {{"Size", settings.disk_mb}}},
          {"ImageConfig", {{"Command", settings.command()}}},
          {"LoggingConfig", {{"LogGroup", settings.log_group}}}};
}

// Not all that a function is given can be read back in one place, so a name for all of it stands in its
// description.
std::string description_of(const FunctionSettings& settings) {
  return "gg worker " + net::aws::sha256_hex(configuration_of(settings).dump()).substr(0, 16);
}

// The number behind the prefix; nullopt: that is not one of ours.
std::optional<unsigned> number_of(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size() || name.size() > prefix.size() + 6 ||
      !std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                   [](char byte) { return byte >= '0' && byte <= '9'; })) {
    return std::nullopt;
  }
  return static_cast<unsigned>(std::stoul(name.substr(prefix.size())));
}

bool is_missing(const CallError& error) {
  return error.code() == "ResourceNotFoundException" || error.code() == "HTTP 404";
}

}  // namespace

std::vector<std::string> FunctionSettings::command() const {
  // The other half is for what a thunk reads and writes.
  return {"--cache-size", std::to_string(disk_mb / 2) + "M"};
}

std::optional<AccountLimits> Functions::limits() {
  try {
    const json limit =
        parsed(calls_.rest("lambda", "GET", "/2016-08-19/account-settings/").body, "GetAccountSettings")
            .value("AccountLimit", json::object());
    return AccountLimits{number_in(limit, "ConcurrentExecutions"),
                         number_in(limit, "UnreservedConcurrentExecutions")};
  } catch (const CallError& error) {
    if (is_missing(error)) {  // not Amazon's
      return std::nullopt;
    }
    throw;
  }
}

std::vector<FunctionState> Functions::list(const std::string& prefix) {
  std::vector<std::pair<unsigned, FunctionState>> found;
  std::string marker;
  do {
    net::aws::Query query{{"MaxItems", "50"}};
    if (!marker.empty()) {
      query.emplace_back("Marker", marker);
    }
    const json page =
        parsed(calls_.rest("lambda", "GET", std::string(kFunctions) + "/", query).body, "ListFunctions");
    for (const json& configuration : page.value("Functions", json::array())) {
      const FunctionState state = state_in(configuration);
      if (const auto number = number_of(state.name, prefix)) {
        found.emplace_back(*number, state);
      }
    }
    marker = text_in(page, "NextMarker");
  } while (!marker.empty());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FunctionState> states;
  for (auto& [number, state] : found) {
    states.push_back(std::move(state));
  }
  return states;
}

std::optional<FunctionState> Functions::read(const std::string& name) {
  try {
    const json answer = parsed(calls_.rest("lambda", "GET", path_of(name)).body, "GetFunction");
    FunctionState state = state_in(answer.value("Configuration", json::object()));
    state.image = text_in(answer.value("Code", json::object()), "ImageUri");
    return state;
  } catch (const CallError& error) {
    if (is_missing(error)) {
      return std::nullopt;
    }
    throw;
  }
}

bool Functions::is(const FunctionState& state, const FunctionSettings& settings) {
  return state.is_well() && state.image == settings.image && state.role == settings.role &&
         state.memory_mb == settings.memory_mb && state.time_seconds == settings.time_seconds &&
         state.description == description_of(settings);
}

void Functions::wait_until_ready(const std::string& name) {
  const auto begin = std::chrono::steady_clock::now();
  for (auto pause = patience_.first;; pause = std::min(pause * 2, patience_.longest)) {
    const auto state = read(name);
    if (!state) {
      throw base::OperatorError("the function '" + name +
                                "' was deleted while it was made; do the same again");
    }
    if (!state->is_well()) {
      throw base::OperatorError(
          fmt::format("the function '{}' does not come up: {}", name,
                      state->reason.empty() ? "Lambda does not say why" : base::printable(state->reason)));
    }
    if (state->state != "Pending" && state->last_update != "InProgress") {
      return;
    }
    if (std::chrono::steady_clock::now() - begin > patience_.whole) {
      throw base::OperatorError("the function '" + name + "' is still not ready; do the same again later");
    }
    static_cast<void>(net::pause(pause, {}));
  }
}

// A role that was just made is not known everywhere at once, and a function takes one change at a time.
void Functions::send(const std::string& method, const std::string& path, const std::string& body) {
  const auto begin = std::chrono::steady_clock::now();
  for (auto pause = patience_.first;; pause = std::min(pause * 2, patience_.longest)) {
    try {
      static_cast<void>(
          calls_.rest("lambda", method, path, {}, body, {{"Content-Type", "application/json"}}));
      return;
    } catch (const CallError& error) {
      const bool passes = (error.code() == "ResourceConflictException" &&
                           error.message().find("in progress") != std::string::npos) ||
                          (error.code() == "InvalidParameterValueException" &&
                           error.message().find("cannot be assumed") != std::string::npos);
      if (!passes || std::chrono::steady_clock::now() - begin > patience_.whole / 5) {
        throw;
      }
    }
    static_cast<void>(net::pause(pause, {}));
  }
}

Functions::Done Functions::put(const std::string& name, const FunctionSettings& settings) {
  const auto there = read(name);
  json body = configuration_of(settings);
  body["Description"] = description_of(settings);
  if (!there) {
    body["FunctionName"] = name;
    body["PackageType"] = "Image";
    body["Code"] = {{"ImageUri", settings.image}};
    body["Architectures"] = json::array({settings.architecture});
    send("POST", kFunctions, body.dump());
    wait_until_ready(name);
    return Done::Made;
  }
  if (is(*there, settings)) {
    wait_until_ready(name);
    return Done::Nothing;
  }
  if (there->image != settings.image || !there->is_well()) {
    send("PUT", path_of(name, "/code"),
         json{{"ImageUri", settings.image}, {"Architectures", json::array({settings.architecture})}}.dump());
    wait_until_ready(name);
  }
  send("PUT", path_of(name, "/configuration"), body.dump());
  wait_until_ready(name);
  return Done::Changed;
}

void Functions::remove(const std::string& name) {
  try {
    static_cast<void>(calls_.rest("lambda", "DELETE", path_of(name)));
  } catch (const CallError& error) {
    if (!is_missing(error)) {
      throw;
    }
  }
}

void Functions::try_to_invoke(const std::string& name) {
  static_cast<void>(calls_.rest("lambda", "POST", path_of(name, "/invocations"), {}, "{}",
                                {{"X-Amz-Invocation-Type", "DryRun"}}));
}

}  // namespace cloud
