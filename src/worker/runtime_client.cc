#include "worker/runtime_client.hh"

#include "base/quote.hh"
#include "net/texts.hh"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace worker {

namespace {

using base::FailureKind;
using nlohmann::json;
using std::chrono::milliseconds;

// Between the end of the command and that of the function: for writing what was made.
constexpr milliseconds kMargin{5000};
constexpr milliseconds kLeast{1000};

// Of an event that anybody may have sent.
base::Result<wire::Invocation> invocation_in(const std::string& event) {
  const json object = json::parse(event, nullptr, false);
  const auto found = object.is_object() ? object.find("gg") : object.end();
  if (!object.is_object() || found == object.end() || !found->is_string()) {
    return base::failure("the event is not {\"gg\": BASE64}: this function is for gg",
                         FailureKind::Deterministic);
  }
  const auto body = net::from_base64(found->get<std::string>());
  if (!body) {
    return base::failure("the event is no base64", FailureKind::Deterministic);
  }
  const auto bytes = wire::from_body(*body);
  return bytes ? wire::decode_invocation(*bytes) : tl::unexpected(bytes.error());
}

std::string failure_json(const std::string& type, const std::string& message) {
  return json{{"errorType", type}, {"errorMessage", base::printable(message)}}.dump();
}

}  // namespace

void RuntimeClient::post(const std::string& path, std::string_view body) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = base_ + path;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  request.past_proxies = true;
  static_cast<void>(http_.send(request));  // nobody is left who could be told
}

void RuntimeClient::give_up(const std::string& why) {
  post("/init/error", failure_json("gg.Init", why));
}

base::Result<std::string> RuntimeClient::perform(const net::HttpResponse& next) {
  auto invocation = invocation_in(next.body);
  if (!invocation) {
    return tl::unexpected(std::move(invocation.error()));
  }
  const std::string deadline = next.header("lambda-runtime-deadline-ms");
  int64_t until = 0;
  if (std::from_chars(deadline.data(), deadline.data() + deadline.size(), until).ec == std::errc()) {
    const auto now = std::chrono::duration_cast<milliseconds>(clock_.wall());
    const milliseconds left = std::max(milliseconds(until) - now - kMargin, kLeast);
    invocation->time = invocation->time.count() == 0 ? left : std::min(invocation->time, left);
  }
  auto lease = place_.take();
  if (!lease || !*lease) {
    return base::failure(
        lease ? "the worker is busy, although it takes one invocation at a time" : lease.error().message,
        FailureKind::RetryElsewhere);
  }
  const sandbox::StopSignal stop;
  const wire::Answer answer = work_.perform(*invocation, std::move(*lease), stop);
  return json{{"gg", net::to_base64(wire::as_body(wire::encode(answer)))}}.dump();
}

bool RuntimeClient::serve_one() {
  net::HttpRequest request;
  request.url = base_ + "/invocation/next";
  request.past_proxies = true;
  const auto next = http_.send(request);
  if (!next || !next->ok()) {
    return false;
  }
  const std::string path = "/invocation/" + next->header("lambda-runtime-aws-request-id");
  const auto answer = perform(*next);
  if (answer) {
    post(path + "/response", *answer);
  } else {
    post(path + "/error", failure_json("gg.Refused", answer.error().message));
  }
  return true;
}

}  // namespace worker
