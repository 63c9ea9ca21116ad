#include "net/aws/configuration.hh"

#include "base/errors.hh"
#include "base/files.hh"

#include <fmt/format.h>

#include <algorithm>

namespace net::aws {

namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// A comment begins the line, or follows a blank.
std::string_view without_comment(std::string_view value) {
  for (size_t at = 1; at < value.size(); ++at) {
    if ((value[at] == '#' || value[at] == ';') && (value[at - 1] == ' ' || value[at - 1] == '\t')) {
      return trimmed(value.substr(0, at));
    }
  }
  return value;
}

std::string section_name(std::string_view inner, ProfileFile file) {
  inner = trimmed(inner);
  constexpr std::string_view kProfile = "profile";
  if (file == ProfileFile::Config && inner.starts_with(kProfile) && inner.size() > kProfile.size() &&
      (inner[kProfile.size()] == ' ' || inner[kProfile.size()] == '\t')) {
    inner = trimmed(inner.substr(kProfile.size()));
  }
  if (inner.size() >= 2 && inner.front() == '"' && inner.back() == '"') {
    inner = inner.substr(1, inner.size() - 2);
  }
  return std::string(inner);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return text;
}

std::string path_of(const Environment& environment, const char* variable, const char* below_home) {
  const auto named = environment.find(variable);
  const auto home = environment.find("HOME");
  const std::string folder = home == environment.end() ? "" : home->second;
  if (named == environment.end() || named->second.empty()) {
    return folder.empty() ? "" : folder + below_home;
  }
  return named->second.starts_with("~/") ? folder + named->second.substr(1) : named->second;
}

base::Result<void> read_file_over(const std::string& path, ProfileFile kind, Profiles& profiles) {
  if (path.empty()) {
    return {};
  }
  try {
    const auto text = base::read_file_if_there(path);
    return text ? read_profiles(*text, kind, path, profiles) : base::Result<void>();
  } catch (const base::SyscallError& error) {
    return base::failure(error.what(), base::FailureKind::Deterministic);
  }
}

}  // namespace

base::Result<void> read_profiles(std::string_view text, ProfileFile file, const std::string& subject,
                                 Profiles& profiles) {
  std::map<std::string, std::string>* section = nullptr;
  std::string above;  // the key that indented lines belong to
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') {
      continue;
    }
    const auto refuse = [&](std::string_view why) {
      return base::failure(fmt::format("{}:{}: {}", subject, number, why), base::FailureKind::Deterministic);
    };
    if (content.front() == '[') {
      const size_t close = content.find(']');
      if (close == std::string_view::npos) {
        return refuse("a section without its ']'");
      }
      section = &profiles[section_name(content.substr(1, close - 1), file)];
      above.clear();
      continue;
    }
    const size_t equals = content.find('=');
    if (equals == std::string_view::npos || section == nullptr) {
      return refuse(section == nullptr ? "a setting that stands in no section" : "a line without '='");
    }
    const std::string key = lower(std::string(trimmed(content.substr(0, equals))));
    const std::string value(without_comment(trimmed(content.substr(equals + 1))));
    const bool is_indented = line.front() == ' ' || line.front() == '\t';
    if (is_indented && !above.empty()) {
      section->insert_or_assign(above + "." + key, value);
    } else {
      section->insert_or_assign(key, value);
      above = value.empty() ? key : "";
    }
  }
  return {};
}

std::string amazon_endpoint(const std::string& service, const std::string& region) {
  return "https://" + service + "." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "");
}

base::Result<Configuration> Configuration::read(Environment environment, const std::string& profile) {
  Profiles profiles;
  for (const auto& done :
       {read_file_over(path_of(environment, "AWS_CONFIG_FILE", "/.aws/config"), ProfileFile::Config,
                       profiles),
        read_file_over(path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"),
                       ProfileFile::Credentials, profiles)}) {
    if (!done) {
      return tl::unexpected(done.error());
    }
  }
  const Configuration nothing(environment, {}, "", false);
  const std::string named =
      !profile.empty()
          ? profile
          : nothing.variable("AWS_PROFILE").value_or(nothing.variable("AWS_DEFAULT_PROFILE").value_or(""));
  if (!named.empty() && named != "default" && profiles.count(named) == 0) {
    return base::failure("neither " + path_of(environment, "AWS_CONFIG_FILE", "/.aws/config") + " nor " +
                             path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials") +
                             " has a profile '" + named + "'",
                         base::FailureKind::Deterministic);
  }
  return Configuration(std::move(environment), std::move(profiles), named.empty() ? "default" : named,
                       !profile.empty());
}

std::optional<std::string> Configuration::variable(const std::string& name) const {
  const auto found = environment_.find(name);
  return found == environment_.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Configuration::setting(const std::string& profile, const std::string& key) const {
  const auto section = profiles_.find(profile);
  if (section == profiles_.end()) {
    return std::nullopt;
  }
  const auto found = section->second.find(key);
  return found == section->second.end() || found->second.empty() ? std::nullopt
                                                                 : std::optional(found->second);
}

std::optional<std::string> Configuration::region() const {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = variable(name)) {
      return region;
    }
  }
  return setting("region");
}

std::optional<std::string> Configuration::endpoint(const std::string& service) const {
  if (lower(variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or("")) == "true") {
    return std::nullopt;
  }
  std::string upper = service;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char byte) { return static_cast<char>(byte - ('a' <= byte && byte <= 'z' ? 32 : 0)); });
  for (const std::string& name : {"AWS_ENDPOINT_URL_" + upper, std::string("AWS_ENDPOINT_URL")}) {
    if (auto url = variable(name)) {
      return url;
    }
  }
  if (const auto services = setting("services")) {
    if (auto url = setting("services " + *services, service + ".endpoint_url")) {
      return url;
    }
  }
  return setting("endpoint_url");
}

}  // namespace net::aws
