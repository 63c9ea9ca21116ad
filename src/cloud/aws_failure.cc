#include "cloud/aws_failure.hh"

#include "net/texts.hh"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string_view>

namespace cloud {

namespace {

enum class Meaning { Denied, UnknownKey, WrongSecret, Expired, Clock, NotReady, Busy };

struct Known {
  std::string_view code;
  Meaning meaning;
};

// Each service has names of its own for the same trouble (their API references, "Common Errors").
constexpr std::array kKnown{
    Known{"AccessDenied", Meaning::Denied},
    Known{"AccessDeniedException", Meaning::Denied},
    Known{"UnauthorizedOperation", Meaning::Denied},
    Known{"NotAuthorized", Meaning::Denied},
    Known{"InvalidClientTokenId", Meaning::UnknownKey},
    Known{"InvalidAccessKeyId", Meaning::UnknownKey},
    Known{"UnrecognizedClientException", Meaning::UnknownKey},
    Known{"SignatureDoesNotMatch", Meaning::WrongSecret},
    Known{"InvalidSignatureException", Meaning::WrongSecret},
    Known{"ExpiredToken", Meaning::Expired},
    Known{"ExpiredTokenException", Meaning::Expired},
    Known{"RequestTimeTooSkewed", Meaning::Clock},
    Known{"RequestExpired", Meaning::Clock},
    Known{"OptInRequired", Meaning::NotReady},
    Known{"SubscriptionRequiredException", Meaning::NotReady},
    Known{"Throttling", Meaning::Busy},
    Known{"ThrottlingException", Meaning::Busy},
    Known{"TooManyRequestsException", Meaning::Busy},
    Known{"RequestLimitExceeded", Meaning::Busy},
    Known{"SlowDown", Meaning::Busy},
};

std::optional<Meaning> meaning_of(const std::string& code) {
  for (const Known& one : kKnown) {
    if (code == one.code) {
      return one.meaning;
    }
  }
  return std::nullopt;
}

// "com.amazonaws.ecr#ServerException", "ResourceNotFoundException:http://…"
std::string bare(std::string code) {
  code = code.substr(0, code.find(':'));
  return code.substr(code.find('#') == std::string::npos ? 0 : code.find('#') + 1);
}

void read_json(const net::HttpResponse& response, AwsFailure& failure) {
  const auto document = nlohmann::json::parse(response.body, nullptr, false);
  if (!document.is_object()) {
    return;
  }
  for (const char* name : {"__type", "code", "Code"}) {
    if (failure.code.empty() && document.contains(name) && document[name].is_string()) {
      failure.code = bare(document[name].get<std::string>());
    }
  }
  for (const char* name : {"message", "Message"}) {
    if (failure.message.empty() && document.contains(name) && document[name].is_string()) {
      failure.message = document[name].get<std::string>();
    }
  }
}

void read_xml(const net::HttpResponse& response, AwsFailure& failure) {
  pugi::xml_document document;
  if (!document.load_buffer(response.body.data(), response.body.size())) {
    return;
  }
  const pugi::xml_node root = document.first_child();
  pugi::xml_node error = root.child("Error") ? root.child("Error") : root;
  if (root.child("Errors")) {
    error = root.child("Errors").child("Error");
  }
  failure.code = error.child_value("Code");
  failure.message = error.child_value("Message");
}

}  // namespace

AwsFailure failure_of(const net::HttpResponse& response) {
  AwsFailure failure;
  if (response.body.starts_with('<')) {
    read_xml(response, failure);
  } else {
    failure.code = bare(response.header("x-amzn-errortype"));
    read_json(response, failure);
  }
  if (failure.code.empty()) {
    failure.code = fmt::format("HTTP {}", response.status);
  }
  return failure;
}

bool is_passing(const net::HttpResponse& response, const AwsFailure& failure) {
  return response.status == 429 || response.status >= 500 || meaning_of(failure.code) == Meaning::Busy;
}

bool is_expiry(const AwsFailure& failure) {
  return meaning_of(failure.code) == Meaning::Expired;
}

bool is_denial(const std::string& code) {
  return meaning_of(code) == Meaning::Denied;
}

std::optional<double> seconds_ahead(const net::HttpResponse& response, base::Nanoseconds now) {
  const auto there = net::http_time(response.header("date"));
  return there ? std::optional(std::chrono::duration<double>(now - *there).count()) : std::nullopt;
}

std::string advice_for(const net::HttpResponse& response, const AwsFailure& failure, const std::string& doing,
                       base::Nanoseconds now) {
  const auto meaning = meaning_of(failure.code);
  if (!meaning) {
    return failure.code.starts_with("HTTP ") ? "is that AWS? (--endpoint, AWS_ENDPOINT_URL)" : "";
  }
  // A signature that is too old is refused as one that is wrong.
  constexpr double kFarOff = 240;
  const auto ahead = seconds_ahead(response, now);
  const bool is_off = ahead && std::abs(*ahead) > kFarOff;
  if (meaning == Meaning::Clock || (meaning == Meaning::WrongSecret && is_off)) {
    return ahead ? fmt::format("this machine's clock is {:.0f} s {} the server's: set it", std::abs(*ahead),
                               *ahead < 0 ? "behind" : "ahead of")
                 : "this machine's clock is off: set it";
  }
  switch (*meaning) {
    case Meaning::Denied:
      return "these credentials may not do that: whoever looks after the account has to allow " + doing +
             " (docs/cloud.md has the whole policy)";
    case Meaning::UnknownKey:
      return "no account knows this access key: is it deleted, or of another partition?";
    case Meaning::WrongSecret:
      return "the secret access key is not the one that belongs to this access key";
    case Meaning::Expired:
      return "the session has expired: sign in again";
    case Meaning::NotReady:
      return "the account is not ready for this service yet: finish its sign-up (payment, telephone), and "
             "wait some "
             "minutes";
    default:
      return "the service asks for fewer requests: try again in a minute";
  }
}

}  // namespace cloud
