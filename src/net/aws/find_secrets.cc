#include "base/errors.hh"
#include "base/files.hh"
#include "base/subprocess.hh"
#include "net/aws/credentials.hh"
#include "net/aws/sigv4.hh"
#include "net/texts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>

namespace net::aws {

namespace {

using Found = base::Result<std::optional<Secrets>>;
using base::FailureKind;

constexpr uint64_t kLongestAnswer = 1U << 20U;
constexpr std::chrono::seconds kMetadata{2};  // these are near, or not there at all
constexpr std::chrono::seconds kToken{30};

tl::unexpected<base::Error> refuse(const std::string& why, FailureKind kind = FailureKind::Deterministic) {
  return base::failure(why, kind);
}

// What has no zone, or one that nobody can read, is taken as UTC.
std::optional<base::Nanoseconds> parse_time(const std::string& text) {
  constexpr size_t kWithoutZone = 19;
  const auto time = rfc3339_time(text);
  return time ? time : rfc3339_time(text.substr(0, kWithoutZone) + "Z");
}

base::Result<std::string> text_of(const std::string& path) {
  try {
    return trimmed(base::read_file(path));
  } catch (const base::SyscallError& error) {
    return refuse(error.what());
  }
}

// The form of credential_process, containers and machines; they differ in the token's name.
base::Result<Secrets> secrets_of_json(const std::string& text, const std::string& source) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto word = [&json](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!json.is_object() || word("AccessKeyId").empty() || word("SecretAccessKey").empty()) {
    return refuse(source + " gives no credentials: it lacks AccessKeyId or SecretAccessKey");
  }
  Secrets secrets{word("AccessKeyId"), word("SecretAccessKey"), word("SessionToken"), {}};
  if (secrets.session_token.empty()) {
    secrets.session_token = word("Token");
  }
  if (const std::string expires = word("Expiration"); !expires.empty()) {
    secrets.expires = parse_time(expires);
    if (!secrets.expires) {
      return refuse(source + " says they expire at '" + expires + "', which is no time");
    }
  }
  return secrets;
}

class Search {
 public:
  Search(const Configuration& configuration, HttpClient& http, const base::Clock& clock,
         const base::StillWanted& wanted)
      : configuration_(configuration), http_(http), clock_(clock), wanted_(wanted) {}

  base::Result<Secrets> run() {
    for (const auto look : {&Search::in_environment, &Search::web_identity_of_environment,
                            &Search::in_profile, &Search::at_container, &Search::at_machine}) {
      auto found = (this->*look)();
      if (!found) {
        return tl::unexpected(std::move(found.error()));
      }
      if (*found) {
        return std::move(**found);
      }
    }
    return refuse(
        "no AWS credentials: neither the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) nor "
        "profile '" +
        configuration_.profile() +
        "' of ~/.aws nor this machine's metadata has any; set those variables, or run `aws configure`");
  }

 private:
  Found in_environment() {
    if (configuration_.is_chosen()) {
      return std::nullopt;
    }
    return from_variables();
  }

  Found from_variables() const {
    const auto key = configuration_.variable("AWS_ACCESS_KEY_ID");
    const auto secret = configuration_.variable("AWS_SECRET_ACCESS_KEY");
    if (key.has_value() != secret.has_value()) {
      return refuse("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: one of them is not set");
    }
    return key ? Found(Secrets{*key, *secret, configuration_.variable("AWS_SESSION_TOKEN").value_or(""), {}})
               : Found(std::nullopt);
  }

  Found web_identity_of_environment() {
    const auto file = configuration_.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = configuration_.variable("AWS_ROLE_ARN");
    if (configuration_.is_chosen() || !file || !role) {
      return std::nullopt;
    }
    return with_web_identity(*file, *role, configuration_.variable("AWS_ROLE_SESSION_NAME"));
  }

  Found in_profile() { return of_profile(configuration_.profile()); }

  Found of_profile(const std::string& profile) {
    if (!seen_.insert(profile).second) {
      return of_keys(profile);  // source_profile may name the profile itself, for its keys
    }
    if (const auto role = configuration_.setting(profile, "role_arn")) {
      return of_role(profile, *role);
    }
    auto found = of_keys(profile);
    if (!found || *found) {
      return found;
    }
    if (const auto command = configuration_.setting(profile, "credential_process")) {
      return of_process(profile, *command);
    }
    if (configuration_.setting(profile, "sso_session") || configuration_.setting(profile, "sso_start_url")) {
      return refuse(
          "profile '" + profile +
          "' signs in through SSO, which gg leaves to the aws command: give it another profile with "
          "\"credential_process = aws configure export-credentials --profile " +
          profile + "\"");
    }
    return found;
  }

  [[nodiscard]] Found of_keys(const std::string& profile) const {
    const auto key = configuration_.setting(profile, "aws_access_key_id");
    const auto secret = configuration_.setting(profile, "aws_secret_access_key");
    if (key.has_value() != secret.has_value()) {
      return refuse("profile '" + profile +
                    "' has one of aws_access_key_id and aws_secret_access_key without the other");
    }
    return key ? Found(Secrets{
                     *key, *secret, configuration_.setting(profile, "aws_session_token").value_or(""), {}})
               : Found(std::nullopt);
  }

  [[nodiscard]] Found of_process(const std::string& profile, const std::string& command) const {
    base::Subprocess process;
    process.program = "/bin/sh";
    process.argv = {"sh", "-c", command};
    for (const auto& [name, value] : configuration_.environment()) {
      process.environment.push_back(name + "=" + value);
    }
    const std::string source = "credential_process of profile '" + profile + "'";
    try {
      const base::Completed done = base::run(process);
      if (done.exit_code != 0) {
        return refuse(fmt::format("{} ends with {}: {}", source, done.exit_code,
                                  done.err.substr(0, done.err.find('\n'))));
      }
      return secrets_of_json(done.out, source).map([](Secrets secrets) {
        return std::optional(std::move(secrets));
      });
    } catch (const std::exception& error) {
      return refuse(source + ": " + error.what());
    }
  }

  Found of_role(const std::string& profile, const std::string& role) {
    const auto setting = [&](const char* key) { return configuration_.setting(profile, key); };
    if (const auto file = setting("web_identity_token_file")) {
      return with_web_identity(*file, role, setting("role_session_name"));
    }
    if (setting("mfa_serial")) {
      return refuse(
          "profile '" + profile +
          "' wants a code of a device (mfa_serial), which gg does not ask for: use \"credential_process = "
          "aws configure export-credentials --profile " +
          profile + "\"");
    }
    const auto source = source_of(profile);
    if (!source) {
      return source;
    }
    if (!*source) {
      return refuse("profile '" + profile + "' assumes a role, but its source has no credentials");
    }
    Query form{{"Action", "AssumeRole"},
               {"RoleArn", role},
               {"RoleSessionName", setting("role_session_name").value_or("gg")},
               {"DurationSeconds", setting("duration_seconds").value_or("3600")},
               {"Version", "2011-06-15"}};
    if (const auto id = setting("external_id")) {
      form.emplace_back("ExternalId", *id);
    }
    return ask_sts(form, role, **source);
  }

  Found source_of(const std::string& profile) {
    if (const auto other = configuration_.setting(profile, "source_profile")) {
      if (!configuration_.has(*other)) {
        return refuse("source_profile of profile '" + profile + "' names '" + *other +
                      "', which is not there");
      }
      return of_profile(*other);
    }
    const auto source = configuration_.setting(profile, "credential_source");
    if (source == "Environment") {
      return from_variables();
    }
    if (source == "EcsContainer") {
      return at_container();
    }
    if (source == "Ec2InstanceMetadata") {
      return at_machine();
    }
    return refuse("profile '" + profile +
                  "' assumes a role and has neither source_profile nor credential_source");
  }

  Found with_web_identity(const std::string& file, const std::string& role,
                          const std::optional<std::string>& session) {
    const auto token = text_of(file);
    if (!token) {
      return tl::unexpected(token.error());
    }
    return ask_sts({{"Action", "AssumeRoleWithWebIdentity"},
                    {"RoleArn", role},
                    {"RoleSessionName", session.value_or("gg")},
                    {"WebIdentityToken", *token},
                    {"Version", "2011-06-15"}},
                   role, std::nullopt);
  }

  Found ask_sts(const Query& form, const std::string& role, const std::optional<Secrets>& signer) {
    const std::string region = configuration_.region().value_or("us-east-1");
    const std::string url = configuration_.endpoint("sts").value_or(amazon_endpoint("sts", region));
    const std::string body = canonical_query(form);
    HttpRequest request;
    request.method = "POST";
    request.url = url.ends_with('/') ? url : url + "/";
    request.body = body;
    request.most_bytes = kLongestAnswer;
    request.limit = kToken;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    if (signer) {
      const size_t host = url.find("://") + 3;
      const SignableRequest signable{
          "POST", url.substr(host, url.find('/', host) - host), "/", {}, request.headers, sha256_hex(body)};
      request.headers = sign(signable, *signer, {region, "sts", clock_.wall()});
    }
    const auto answer = http_.send(request, wanted_);
    const std::string attempt = "assume role '" + role + "' at " + url + ": ";
    if (!answer) {
      return refuse(attempt + answer.error().message, answer.error().kind);
    }
    pugi::xml_document document;
    document.load_buffer(answer->body.data(), answer->body.size());
    const auto word = [&document](const char* name) {
      return std::string(
          document
              .find_node([name](const pugi::xml_node& node) { return node.name() == std::string_view(name); })
              .child_value());
    };
    if (!answer->ok()) {
      return refuse(fmt::format("{}{} ({})", attempt, word("Message"),
                                word("Code").empty() ? fmt::format("HTTP {}", answer->status) : word("Code")),
                    answer->status >= 500 || answer->status == 429 ? FailureKind::RetryHere
                                                                   : FailureKind::Deterministic);
    }
    Secrets secrets{word("AccessKeyId"), word("SecretAccessKey"), word("SessionToken"),
                    parse_time(word("Expiration"))};
    if (secrets.access_key.empty() || secrets.secret_key.empty() || !secrets.expires) {
      return refuse(attempt + "the answer has no credentials; is that an STS server?");
    }
    return std::optional(std::move(secrets));
  }

  Found at_container() {
    const auto relative = configuration_.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = configuration_.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) {
      return std::nullopt;
    }
    HttpRequest request;
    request.url = relative ? "http://169.254.170.2" + *relative : *full;
    if (!is_for_tokens(request.url)) {
      return refuse("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine: " +
                    request.url);
    }
    std::optional<std::string> token = configuration_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = configuration_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      auto text = text_of(*file);
      if (!text) {
        return tl::unexpected(std::move(text.error()));
      }
      token = std::move(*text);
    }
    if (token) {
      request.headers = {{"Authorization", *token}};
    }
    const auto answer = metadata(request, "the container's credentials");
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    return secrets_of_json(*answer, request.url).map([](Secrets secrets) {
      return std::optional(std::move(secrets));
    });
  }

  // As SDKs of AWS have it: TLS, this machine, and the link-local addresses of ECS and EKS.
  static bool is_for_tokens(const std::string& url) {
    const auto is_host = [&url](std::string_view host) {
      const std::string_view rest = std::string_view(url).substr(std::min<size_t>(7, url.size()));
      return url.starts_with("http://") && rest.starts_with(host) &&
             (rest.size() == host.size() || rest[host.size()] == '/' || rest[host.size()] == ':');
    };
    return url.starts_with("https://") || (url.starts_with("http://") && is_loopback_url(url)) ||
           is_host("169.254.170.2") || is_host("169.254.170.23") || is_host("[fd00:ec2::23]");
  }

  // Instance metadata, version 2. A machine that is none of AWS's answers nothing there.
  Found at_machine() {
    const std::string disabled = configuration_.variable("AWS_EC2_METADATA_DISABLED").value_or("");
    if (disabled == "true" || disabled == "True" || disabled == "TRUE") {
      return std::nullopt;
    }
    std::string base =
        configuration_.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
    if (base.ends_with('/')) {
      base.pop_back();
    }
    HttpRequest request;
    request.method = "PUT";
    request.url = base + "/latest/api/token";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    const auto token = metadata(request, "a token");
    if (!token) {
      return std::nullopt;
    }
    request.method = "GET";
    request.headers = {{"X-aws-ec2-metadata-token", *token}};
    request.url = base + "/latest/meta-data/iam/security-credentials/";
    const std::string roles_url = request.url;
    const auto roles = metadata(request, "the machine's role");
    if (!roles || roles->empty()) {
      return std::nullopt;  // a machine without a role
    }
    request.url = roles_url + roles->substr(0, roles->find('\n'));
    const auto answer = metadata(request, "the machine's credentials");
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    return secrets_of_json(*answer, request.url).map([](Secrets secrets) {
      return std::optional(std::move(secrets));
    });
  }

  base::Result<std::string> metadata(HttpRequest request, const char* what) {
    request.past_proxies = true;
    request.limit = kMetadata;
    request.most_bytes = kLongestAnswer;
    auto answer = http_.send(request, wanted_);
    const std::string attempt = fmt::format("ask {} for {}: ", request.url, what);
    if (!answer) {
      return refuse(attempt + answer.error().message, answer.error().kind);
    }
    if (!answer->ok()) {
      return refuse(fmt::format("{}HTTP {}", attempt, answer->status),
                    answer->status >= 500 ? FailureKind::RetryHere : FailureKind::Deterministic);
    }
    return std::move(answer->body);
  }

  const Configuration& configuration_;
  HttpClient& http_;
  const base::Clock& clock_;
  const base::StillWanted& wanted_;
  std::set<std::string> seen_;
};

}  // namespace

base::Result<Secrets> find_secrets(const Configuration& configuration, HttpClient& http,
                                   const base::Clock& clock, const base::StillWanted& wanted) {
  return Search(configuration, http, clock, wanted).run();
}

}  // namespace net::aws
