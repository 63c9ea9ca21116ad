#pragma once

#include "base/result.hh"

#include <map>
#include <optional>
#include <string>
#include <string_view>

// What the user has told AWS's tools: environment variables and the files "config" and "credentials" (AWS
// SDKs and Tools Reference Guide).
namespace net::aws {

using Environment = std::map<std::string, std::string>;

// The settings of each profile; what is below another key is "s3.endpoint_url". Sections that are no profile
// keep their kind: "services NAME", "sso-session NAME".
using Profiles = std::map<std::string, std::map<std::string, std::string>>;

enum class ProfileFile {
  Config,       // [default], [profile NAME], [services NAME]
  Credentials,  // [NAME]
};

// Reads such a file over `profiles`. The error names the line.
[[nodiscard]] base::Result<void> read_profiles(std::string_view text, ProfileFile file,
                                               const std::string& subject, Profiles& profiles);

// Where Amazon's own is: "https://sts.eu-west-1.amazonaws.com".
[[nodiscard]] std::string amazon_endpoint(const std::string& service, const std::string& region);

// A value.
class Configuration {
 public:
  // `profile`: chosen for gg alone; empty: what AWS_PROFILE says. Reads the files. The error: one that
  // cannot be read, or a profile that is not there.
  [[nodiscard]] static base::Result<Configuration> read(Environment environment, const std::string& profile);

  Configuration(Environment environment, Profiles profiles, std::string profile, bool is_chosen)
      : environment_(std::move(environment)),
        profiles_(std::move(profiles)),
        profile_(std::move(profile)),
        is_chosen_(is_chosen) {}

  [[nodiscard]] const Environment& environment() const { return environment_; }

  // An environment variable; one that is empty is none.
  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const;

  [[nodiscard]] const std::string& profile() const { return profile_; }

  // For gg, so that keys in the environment do not count.
  [[nodiscard]] bool is_chosen() const { return is_chosen_; }

  [[nodiscard]] bool has(const std::string& profile) const { return profiles_.count(profile) != 0; }

  // Of that profile, or of the one in force.
  [[nodiscard]] std::optional<std::string> setting(const std::string& profile, const std::string& key) const;

  [[nodiscard]] std::optional<std::string> setting(const std::string& key) const {
    return setting(profile_, key);
  }

  [[nodiscard]] std::optional<std::string> region() const;

  // Where "s3" or "sts" is, if the user says so.
  [[nodiscard]] std::optional<std::string> endpoint(const std::string& service) const;

 private:
  Environment environment_;
  Profiles profiles_;
  std::string profile_;
  bool is_chosen_;
};

}  // namespace net::aws
