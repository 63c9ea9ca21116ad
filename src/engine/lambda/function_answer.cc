#include "engine/lambda/function_answer.hh"

#include "base/quote.hh"
#include "engine/lambda/report.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace engine {

namespace {

using nlohmann::json;

std::string text_in(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool has(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

constexpr size_t kMostWords = 400;  // of a message that is shown

std::string in_words(const std::string& type, const std::string& message) {
  return message.empty()
             ? base::printable(type)
             : fmt::format("{} ({})", base::printable(type), base::printable(message.substr(0, kMostWords)));
}

// The function ran, and this is what came of it.
FunctionAnswer function_error(const net::HttpResponse& response) {
  const json body = json::parse(response.body, nullptr, false);
  const std::string type = text_in(body, "errorType");
  const std::string message = text_in(body, "errorMessage");
  const std::string what = in_words(type.empty() ? "the function failed" : type, message);
  const auto report = report_in(response.header("x-amz-log-result"));
  if (has(type, "Timedout") || has(type, "TimedOut") || has(message, "Task timed out")) {
    return {FunctionSaid::TimedOut, what};
  }
  if (has(type, "ResponseSizeTooLarge")) {
    return {FunctionSaid::TooLarge, what};
  }
  // Whoever is killed for its memory is said to have used all of it.
  const bool used_all = report && report->used_mb != 0 && report->used_mb >= report->memory_mb;
  if (has(type, "OutOfMemory") || (used_all && has(message, "signal: killed"))) {
    return {FunctionSaid::OutOfMemory, what};
  }
  return {FunctionSaid::Crashed, what};
}

FunctionSaid meaning_of(int status, const std::string& type, const std::string& message) {
  if (has(type, "TooManyRequests") || has(type, "EC2Throttled") || status == 429) {
    return FunctionSaid::Throttled;
  }
  if (has(type, "ResourceNotFound")) {
    return FunctionSaid::Gone;
  }
  if (has(type, "ResourceNotReady") || has(type, "ResourceConflict") || status == 409) {
    return FunctionSaid::NotReady;
  }
  if (has(type, "RequestTooLarge") || status == 413) {
    return FunctionSaid::TooLarge;
  }
  if (has(type, "ExpiredToken") || has(message, "security token included in the request is expired")) {
    return FunctionSaid::Expired;
  }
  return status == 401 || status == 403 || status == 400 || status == 404 ? FunctionSaid::Refused
                                                                          : FunctionSaid::Trouble;
}

}  // namespace

FunctionAnswer answer_of(const net::HttpResponse& response) {
  if (response.ok()) {
    return response.header("x-amz-function-error").empty() ? FunctionAnswer{FunctionSaid::Answer, ""}
                                                           : function_error(response);
  }
  std::string type = response.header("x-amzn-errortype");
  type = type.substr(0, type.find(':'));
  const json body = json::parse(response.body, nullptr, false);
  std::string message = text_in(body, "Message");
  if (message.empty()) {
    message = text_in(body, "message");
  }
  if (const std::string reason = text_in(body, "Reason"); !reason.empty()) {
    message = reason + (message.empty() ? "" : ": " + message);
  }
  if (type.empty()) {
    type = fmt::format("HTTP {}", response.status);
  }
  return {meaning_of(response.status, type, message), in_words(type, message)};
}

std::string advice_on(FunctionSaid said, const std::string& what) {
  if (said == FunctionSaid::Gone) {
    return "`gg cloud up` makes it; or is it in another region (AWS_REGION)?";
  }
  if (said == FunctionSaid::Expired) {
    return "log in again (aws sso login, or whatever gave you these credentials), and start the build once "
           "more: "
           "what is finished is kept";
  }
  if (said != FunctionSaid::Refused) {
    return "";
  }
  if (has(what, "Signature expired") || has(what, "Signature not yet current")) {
    return "this machine's clock is off: set it";
  }
  if (has(what, "UnrecognizedClient") || has(what, "InvalidClientTokenId")) {
    return "AWS does not know that access key: look at AWS_ACCESS_KEY_ID and ~/.aws/credentials";
  }
  if (has(what, "InvalidSignature") || has(what, "IncompleteSignature")) {
    return "the secret key does not belong to the access key: look at AWS_SECRET_ACCESS_KEY and "
           "~/.aws/credentials";
  }
  if (has(what, "AccessDenied")) {
    return "whoever you are there has to be allowed lambda:InvokeFunction and "
           "lambda:GetFunctionConfiguration "
           "(docs/lambda.md)";
  }
  return "";
}

}  // namespace engine
