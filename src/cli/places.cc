#include "cli/places.hh"

#include "base/errors.hh"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>

extern "C" char** environ;

namespace cli {

namespace {

std::string home(const Environment& environment) {
  const auto found = environment.find("HOME");
  if (found != environment.end() && found->second.starts_with('/')) {
    return found->second;
  }
  const passwd* entry =
      ::getpwuid(::getuid());  // NOLINT(concurrency-mt-unsafe): called once, before any thread
  if (entry == nullptr || entry->pw_dir == nullptr || *entry->pw_dir != '/') {
    throw base::OperatorError(
        "no HOME and no home directory for this user: set HOME, or give --store and --config");
  }
  return entry->pw_dir;
}

std::string base_directory(const Environment& environment, const char* variable, const char* below_home) {
  const auto found = environment.find(variable);
  // The specification says that a relative path is to be ignored.
  if (found != environment.end() && found->second.starts_with('/')) {
    return found->second;
  }
  return home(environment) + below_home;
}

}  // namespace

Environment this_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

Places default_places(const Environment& environment) {
  const std::string config = base_directory(environment, "XDG_CONFIG_HOME", "/.config") + "/gg";
  return {base_directory(environment, "XDG_CACHE_HOME", "/.cache") + "/gg", config + "/config.toml",
          config + "/tools"};
}

std::string absolute_path(const std::string& path) {
  return path.starts_with('/') ? path : (std::filesystem::current_path() / path).string();
}

std::vector<std::string> environment_words(const Environment& environment) {
  std::vector<std::string> words;
  for (const auto& variable : environment) {
    words.push_back(variable.first + "=" + variable.second);
  }
  return words;
}

}  // namespace cli
