#include "engine/http/http_engine.hh"

#include "base/quote.hh"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace engine {

namespace {

using base::FailureKind;

std::string text_of(const net::HttpResponse& response) {
  const std::string_view body = response.body;
  return fmt::format("HTTP {}, {}", response.status,
                     base::printable(body.substr(0, std::min<size_t>(body.find('\n'), 300))));
}

// Until a worker has taken it; and then what came of it.
Attempted<wire::Answer> ask(Fleet& fleet, const wire::Invocation& invocation,
                            const base::StillWanted& wanted) {
  const std::string body = wire::as_body(wire::encode(invocation));
  while (true) {
    const auto seat = fleet.take(wanted);
    if (!seat) {
      return failed(seat.error());
    }
    net::HttpRequest request;
    request.method = "POST";
    request.url = seat->url + wire::kInvokePath;
    request.headers = {{"Content-Type", wire::kContentType}};
    request.body = body;
    request.most_bytes = wire::kLongestMessage;
    const auto response = fleet.ask(seat->url, request, wanted);
    if (response && response->status == 503) {
      fleet.done(*seat, Fleet::Went::Busy);
      continue;
    }
    const auto refused = [&](const std::string& why) {
      fleet.done(*seat, Fleet::Went::Badly);
      return failed({"worker " + seat->url + ": " + why, FailureKind::RetryHere});  // the next one may do
    };
    if (!response) {  // perhaps because nobody waits any more, which is not its fault
      fleet.done(*seat, base::is_wanted(wanted) ? Fleet::Went::Badly : Fleet::Went::Well);
      return failed(response.error());
    }
    if (!response->ok()) {
      return refused(text_of(*response));
    }
    const auto bytes = wire::from_body(response->body);
    auto answer = bytes ? wire::decode_answer(*bytes) : tl::unexpected(bytes.error());
    if (!answer) {
      return refused(answer.error().message);
    }
    fleet.done(*seat, Fleet::Went::Well);
    return std::move(*answer);
  }
}

sched::AttemptResult run(Errands& errands, Fleet& fleet, const sched::Job& job, Stop& stop) {
  const base::StillWanted wanted = [&stop] { return !stop.raised(); };
  for (int tried = 1;; ++tried) {
    const auto prepared = errands.prepare(job, wanted);
    if (!prepared) {
      return tl::unexpected(prepared.error());
    }
    auto answer = ask(fleet, prepared->invocation, wanted);
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    auto result = errands.take(prepared->asked, std::move(*answer), wanted);
    if (result || result.error().lost.empty() || tried == Errands::kTries) {
      // What is lost over there is not lost here: it was sent again, and that did not help.
      return result ? sched::AttemptResult(std::move(*result)) : failed(base::Error(result.error().error));
    }
    errands.distrust(result.error().lost);
  }
}

sched::Capacity capacity_of(const HttpEngine::Options& options) {
  sched::Capacity capacity;
  capacity.name = "http";
  capacity.slots = options.slots;
  return capacity;
}

}  // namespace

HttpEngine::HttpEngine(Fleet& fleet, const WorkerStores& stores, const Options& options, Post post)
    : ThreadedEngine(
          capacity_of(options),
          [&fleet, errands = std::make_shared<Errands>(stores, options.errands)](
              const sched::Job& job, Stop& stop) { return run(*errands, fleet, job, stop); },
          std::move(post)) {}

}  // namespace engine
