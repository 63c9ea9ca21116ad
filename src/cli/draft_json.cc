#include "base/quote.hh"
#include "cli/command_line.hh"
#include "cli/draft.hh"

#include <nlohmann/json.hpp>

namespace cli {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& key, const char* form) {
  throw UsageError("\"" + base::printable(key) + "\" should be " + form);
}

std::string text_of(const std::string& key, const json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().find('\0') != std::string::npos) {
    refuse(key, "text, without NUL");
  }
  return value.get<std::string>();
}

std::vector<std::string> list_of(const std::string& key, const json& value) {
  if (!value.is_array()) {
    refuse(key, "a list of texts");
  }
  std::vector<std::string> list;
  for (const json& one : value) {
    list.push_back(text_of(key, one));
  }
  return list;
}

std::map<std::string, std::string> map_of(const std::string& key, const json& value) {
  if (!value.is_object()) {
    refuse(key, "an object of texts");
  }
  std::map<std::string, std::string> map;
  for (const auto& [name, one] : value.items()) {
    map.emplace(name, text_of(key, one));
  }
  return map;
}

void read_into(Draft& draft, const std::string& key, const json& value) {
  if (key == "argv") {
    draft.arguments = list_of(key, value);
  } else if (key == "env") {
    draft.environment = map_of(key, value);
  } else if (key == "cwd") {
    draft.working_directory = text_of(key, value);
  } else if (key == "base") {
    draft.base = text_of(key, value);
  } else if (key == "inputs") {
    const auto inputs = map_of(key, value);
    draft.inputs.assign(inputs.begin(), inputs.end());
  } else if (key == "programs") {
    draft.programs = list_of(key, value);
  } else if (key == "outputs") {
    draft.outputs = list_of(key, value);
  } else if (key == "platform") {
    draft.platform = map_of(key, value);
  } else if (key == "dynamic") {
    if (!value.is_boolean()) {
      refuse(key, "true or false");
    }
    draft.dynamic = value.get<bool>();
  } else if (key == "id") {
    draft.id = text_of(key, value);
  } else if (key == "place") {
    draft.place = map_of(key, value);
  } else {
    throw UsageError(
        "a thunk has no \"" + base::printable(key) +
        "\"; it has argv, env, cwd, base, inputs, programs, outputs, platform, dynamic, id, place");
  }
}

}  // namespace

Draft draft_of_json(std::string_view text) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    throw UsageError("this is no JSON object: " + base::printable(text.substr(0, 60)));
  }
  Draft draft;
  for (const auto& [key, value] : parsed.items()) {
    read_into(draft, key, value);
  }
  return draft;
}

}  // namespace cli
